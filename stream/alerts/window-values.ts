import type { Aggregate } from "./rule.ts";

/** What was collected in one step of a window: its start, then a number or, where distinct texts are counted, the texts, for each value. */
export type Bucket = readonly [startMs: number, ...values: (number | readonly string[] | null)[]];

/** A window moves on in so many steps. */
const stepsOfWindow = 20;
/** More distinct texts than this in a step count as this many. */
const maxDistinct = 1_000;

/** The buckets with an event in them; the same ones when it is older than the window. Does not depend on the order of events. */
export function collect(
  buckets: readonly Bucket[],
  event: { readonly timeMs: number; readonly nowMs: number; readonly windowMs: number },
  values: readonly (number | string | null)[],
  aggregates: readonly Aggregate[],
): readonly Bucket[] {
  const step = Math.max(1, Math.round(event.windowMs / stepsOfWindow));
  // An app whose clock is ahead has not seen the future.
  const start = Math.floor(Math.min(event.timeMs, event.nowMs) / step) * step;
  const open = current(buckets, event.nowMs, event.windowMs);
  if (start + event.windowMs <= event.nowMs) return open;
  const before = open.find(([at]) => at === start);
  const changed: Bucket = [
    start,
    ...aggregates.map((aggregate, i) => add(aggregate.kind, before?.[i + 1] ?? null, values[i] ?? null)),
  ];
  return [...open.filter(([at]) => at !== start), changed].sort(([a], [b]) => a - b);
}

function add(kind: Aggregate["kind"], before: Bucket[number] | null, value: number | string | null) {
  const so = before as number | readonly string[] | null;
  if (value === null) return so;
  if (kind === "distinct") {
    const texts = (so ?? []) as readonly string[];
    return texts.includes(String(value)) || texts.length >= maxDistinct ? texts : [...texts, String(value)].sort();
  }
  const number = Number(value);
  if (so === null) return number;
  return kind === "max" ? Math.max(so as number, number) : (so as number) + number;
}

/** The buckets that the window still holds. */
export function current(buckets: readonly Bucket[], nowMs: number, windowMs: number): readonly Bucket[] {
  return buckets[0] !== undefined && buckets[0][0] + windowMs <= nowMs
    ? buckets.filter(([start]) => start + windowMs > nowMs)
    : buckets;
}

/** The values of all buckets together, by name. Of no events the sum and the count are 0, and the greatest is 0. */
export function valuesOf(buckets: readonly Bucket[], aggregates: readonly Aggregate[]): Record<string, number> {
  return Object.fromEntries(
    aggregates.map(({ name, kind }, i) => {
      const all = buckets.map((bucket) => bucket[i + 1] as number | readonly string[] | null);
      if (kind === "distinct") return [name, new Set(all.flatMap((texts) => (texts ?? []) as readonly string[])).size];
      const numbers = all.filter((value) => typeof value === "number");
      if (kind === "max") return [name, numbers.length === 0 ? 0 : Math.max(...numbers)];
      return [name, numbers.reduce((sum, value) => sum + value, 0)];
    }),
  );
}
