import type { Announcement } from "./announcement.ts";

/** How far the event time of a topic has come that several flows feed, each from several partitions. */
export type Feeds = {
  hear(told: Announcement): void;
  /**
   * The least of those that are not resting: they may still bring something older than the others. When all rest, the greatest, for there is
   * nothing to wait for. -Infinity while a partition of a flow was never heard of.
   */
  watermark(): number;
  /** Whether all of them rest: nobody tells any more how far event time comes. */
  readonly resting: boolean;
  /** All that was heard, to go on with in another process. */
  toText(): string;
};

type Heard = { readonly ms: number | null; readonly resting: boolean };

/** @param flows all that feed the topic @param text what `toText` gave. */
export function createFeeds(flows: readonly string[], text = "{}"): Feeds {
  const heard = new Map(Object.entries(JSON.parse(text) as Readonly<Record<string, readonly (Heard | null)[]>>));
  const ofAll = () => flows.flatMap((flow) => heard.get(flow) ?? [null]);

  return {
    hear({ flow, partition, of, watermarkMs, resting }) {
      const before = heard.get(flow) ?? [];
      const known = before[partition]?.ms ?? Number.NEGATIVE_INFINITY;
      // A repetition tells what was already overtaken.
      const ms = Math.max(known, watermarkMs);
      const all = Array.from({ length: Math.max(of, before.length) }, (_, i) => before[i] ?? null);
      all[partition] = { ms: Number.isFinite(ms) ? ms : null, resting };
      heard.set(flow, all);
    },
    watermark() {
      const all = ofAll();
      const awake = all.filter((one) => one?.resting !== true);
      const times = (some: readonly (Heard | null)[]) => some.map((one) => one?.ms ?? Number.NEGATIVE_INFINITY);
      return awake.length > 0 ? Math.min(...times(awake)) : Math.max(...times(all));
    },
    get resting() {
      return ofAll().every((one) => one?.resting === true);
    },
    toText: () => JSON.stringify(Object.fromEntries(heard)),
  };
}
