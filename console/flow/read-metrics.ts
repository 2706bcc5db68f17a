import parse from "parse-prometheus-text-format";

/** The numbers of one process's /metrics. */
export type Numbers = {
  /** The sum of all series of a counter or gauge whose labels are these and any others; 0 without one. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  /** The label sets of a metric with their values. */
  series(name: string): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
  /** Observations at or below each bound, of all series of a histogram together; the last bound is infinite. */
  histogram(name: string): readonly { readonly le: number; readonly count: number }[];
};

/** Reads Prometheus's text format. Metrics that are not there read as zero, so an older process is no error. */
export function readMetrics(text: string): Numbers {
  const families = new Map(parse(text).map((family) => [family.name, family.metrics]));
  const series = (name: string) =>
    (families.get(name) ?? []).map(({ labels = {}, value }) => ({ labels, value: Number(value ?? 0) }));
  return {
    series,
    sum(name, wanted = {}) {
      const has = (labels: Readonly<Record<string, string>>) =>
        Object.entries(wanted).every(([label, value]) => labels[label] === value);
      return series(name)
        .filter(({ labels }) => has(labels))
        .reduce((sum, { value }) => sum + value, 0);
    },
    histogram(name) {
      const counts = new Map<number, number>();
      for (const { buckets = {} } of families.get(name) ?? []) {
        for (const [bound, count] of Object.entries(buckets)) {
          const le = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
          counts.set(le, (counts.get(le) ?? 0) + Number(count));
        }
      }
      return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
    },
  };
}

/**
 * The value that this share of the observations between two readings did not exceed: the upper bound of its bucket, so never too good. Null without
 * observations, or when it lies above the last bound.
 */
export function quantileBetween(
  before: ReturnType<Numbers["histogram"]>,
  now: ReturnType<Numbers["histogram"]>,
  share: number,
): number | null {
  const added = now.map(({ le, count }) => ({
    le,
    count: count - (before.find((bucket) => bucket.le === le)?.count ?? 0),
  }));
  const total = added.at(-1)?.count ?? 0;
  if (total <= 0) return null;
  const bucket = added.find(({ count }) => count >= share * total);
  return bucket === undefined || bucket.le === Number.POSITIVE_INFINITY ? null : bucket.le;
}
