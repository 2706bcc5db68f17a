import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type { Counter, Gauge, Histogram } from "prom-client";

/** Metrics of one process. Names are `hailstream_<station>_<noun>_<unit>`; label values come from bounded sets only. */
export type Metrics = {
  readonly registry: Registry;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
  /**
   * A counter or gauge that is read when the metrics are asked for: until then it costs its owner no more than a number of its
   * own. Several readers of one name are added up, and so are the processes of a station; of "largest", a gauge, the processes'
   * largest value counts.
   */
  reading<L extends string>(
    kind: "counter" | "gauge" | "largest",
    name: string,
    help: string,
    labels: readonly L[],
    read: Reader<L>,
  ): void;
  /** A histogram without labels for what happens thousands of times a second. */
  distribution(name: string, help: string, buckets: readonly number[]): Distribution;
};

/** Calls `add` for each of its values. */
export type Reader<L extends string> = (add: (value: number, labels?: Readonly<Record<L, string>>) => void) => void;
export type Distribution = { observe(value: number): void };

/** Latency buckets in seconds, fine where our promises lie (5 ms to 1 s). */
export const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** Asking twice for the same name gives the same metric, so that two services of one process may share it. */
export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  const readers = new Map<string, Reader<string>[]>();
  const once = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make();
  return {
    registry,
    counter: (name, help, labelNames = []) =>
      once(name, () => new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })),
    gauge: (name, help, labelNames = []) =>
      once(name, () => new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] })),
    histogram: (name, help, buckets, labelNames = []) =>
      once(
        name,
        () => new Histogram({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [registry] }),
      ),
    reading(kind, name, help, labelNames, read) {
      const known = readers.get(name);
      if (known !== undefined) {
        known.push(read as Reader<string>);
        return;
      }
      const all = [read as Reader<string>];
      readers.set(name, all);
      const Kind = kind === "counter" ? Counter : Gauge;
      new Kind<string>({
        name,
        help,
        labelNames: [...labelNames],
        registers: [registry],
        ...(kind === "largest" ? { aggregator: "max" } : {}),
        collect() {
          this.reset();
          for (const one of all) one((value, labels) => this.inc(labels ?? {}, value));
        },
      });
    },
    distribution: (name, help, buckets) =>
      once(name, () => createDistribution(registry, name, help, buckets) as unknown as Distribution),
  };
}

/** prom-client finds the place of a value by hashing its labels, which takes longer than all the rest of it. */
function createDistribution(registry: Registry, name: string, help: string, buckets: readonly number[]) {
  const counts = new Array<number>(buckets.length).fill(0);
  let count = 0;
  let sum = 0;
  const metric = new Histogram({ name, help, buckets: [...buckets], registers: [registry] });
  const report = () => {
    let below = 0;
    const values: { labels: object; value: number; metricName: string }[] = buckets.map((le, i) => {
      below += counts[i] ?? 0;
      return { labels: { le }, value: below, metricName: `${name}_bucket` };
    });
    values.push({ labels: { le: "+Inf" }, value: count, metricName: `${name}_bucket` });
    values.push({ labels: {}, value: sum, metricName: `${name}_sum` });
    values.push({ labels: {}, value: count, metricName: `${name}_count` });
    return Promise.resolve({ name, help, type: "histogram", values, aggregator: "sum" });
  };
  const observe = (value: number) => {
    count++;
    sum += value;
    for (let i = 0; i < buckets.length; i++) {
      if (value <= (buckets[i] as number)) {
        counts[i] = (counts[i] as number) + 1;
        return;
      }
    }
  };
  return Object.assign(metric, { get: report, getForPromString: report, observe });
}
