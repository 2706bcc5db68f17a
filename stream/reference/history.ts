/** What was known of a thing from a moment on. */
export type Version<Row> = { readonly fromMs: number; readonly row: Row };

/** All that is known of one thing over time. */
export type History<Row> = {
  /** Its version when there is but one, so that nobody needs to read the event's time; else undefined. */
  readonly only: Row | undefined;
  /** Oldest first; at least one. */
  readonly versions: readonly Version<Row>[];
};

/** Things by their ids, each with its versions; steps look up and never change. */
export type Histories<Row> = { get(id: string): History<Row> | undefined };

/** Histories that can be added to. */
export type GrowingHistories<Row> = Histories<Row> & {
  /** Adds a version in its place, whatever the order of arrival; of two with the same time the one that is added last counts. */
  add(id: string, fromMs: number, row: Row): void;
  /** Forgets a thing with all of its versions. */
  delete(id: string): void;
  readonly size: number;
};

/** @param maxVersions of each thing so many are kept, those that are newest by their own time. */
export function createHistories<Row>(maxVersions: number): GrowingHistories<Row> {
  const histories = new Map<string, History<Row>>();
  return {
    get: (id) => histories.get(id),
    add(id, fromMs, row) {
      const known = histories.get(id)?.versions ?? [];
      const others = known.filter((version) => version.fromMs !== fromMs);
      const behind = others.findIndex((version) => version.fromMs > fromMs);
      const versions = others.toSpliced(behind === -1 ? others.length : behind, 0, { fromMs, row }).slice(-maxVersions);
      histories.set(id, { only: versions.length === 1 ? versions[0]?.row : undefined, versions });
    },
    delete: (id) => void histories.delete(id),
    get size() {
      return histories.size;
    },
  };
}

/**
 * The version that was valid at a moment: the newest that is not younger. Before the first one the first counts, since a thing does not
 * begin with what somebody wrote down about it. A time that cannot be read (NaN) gets the newest.
 */
export function versionAt<Row>(history: History<Row>, timeMs: number): Row {
  const { versions } = history;
  for (let i = versions.length - 1; i > 0; i--) {
    const version = versions[i] as Version<Row>;
    if (!(version.fromMs > timeMs)) return version.row;
  }
  return (versions[0] as Version<Row>).row;
}
