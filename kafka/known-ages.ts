/** When the record at an offset arrived, or the first behind it that is still there: ms since 1970. */
type Arrival = {
  readonly next: bigint;
  /** Not before this; absent: not known. */
  readonly since?: number;
  /** Before this. */
  readonly before: number;
};

/** What was learned of the arrival of records, by partition. It stays true as time goes by, so a place that does not move need not be asked for twice. */
export type KnownAges = Map<string, readonly Arrival[]>;

export const createKnownAges = (): KnownAges => new Map();

/** The least and the most that the age of the record at `next` may be, in ms; undefined: no bound is known. Records lie in the order of their arrival. */
export function boundsOf(
  arrivals: readonly Arrival[],
  next: bigint,
  now: number,
): { readonly young: number; readonly old: number | undefined } {
  let young = 0;
  let old: number | undefined;
  for (const arrival of arrivals) {
    if (arrival.next >= next) young = Math.max(young, now - arrival.before);
    if (arrival.next <= next && arrival.since !== undefined) {
      old = Math.max(0, Math.min(old ?? Number.POSITIVE_INFINITY, now - arrival.since));
    }
  }
  return { young, old: old === undefined ? undefined : Math.max(old, young) };
}
