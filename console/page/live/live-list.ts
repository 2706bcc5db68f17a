import type { LiveBatch, LiveEvent } from "../../live/shapes.ts";

/** More events than these are not kept in the page. */
export const maxKept = 2_000;

type Counts = Pick<LiveBatch, "seen" | "matched" | "shown">;

/** What the live page has: the newest event first. */
export type LiveList = Counts & {
  readonly events: readonly LiveEvent[];
  /** While paused: what came since, newest first. */
  readonly paused?: { readonly waiting: readonly LiveEvent[] };
  /** What connections before this one told. */
  readonly before: Counts;
  /** The last time without a connection, milliseconds since 1970: what arrived then is not in the list. */
  readonly gap?: { readonly from: number; readonly to: number };
};

const none: Counts = { seen: 0, matched: 0, shown: 0 };
export const emptyList: LiveList = { ...none, events: [], before: none };

/** Adds a batch. The list is sorted by arrival, since partitions are read side by side. */
export function grow(list: LiveList, { events, ...told }: LiveBatch): LiveList {
  const { before } = list;
  const counts = {
    seen: before.seen + told.seen,
    matched: before.matched + told.matched,
    shown: before.shown + told.shown,
  };
  if (list.paused !== undefined) {
    return { ...list, ...counts, paused: { waiting: merged(list.paused.waiting, events) } };
  }
  return { ...list, ...counts, events: merged(list.events, events) };
}

/** Another connection follows, which counts from zero. */
export function reconnect(list: LiveList, gap: NonNullable<LiveList["gap"]>): LiveList {
  const { seen, matched, shown } = list;
  return { ...list, before: { seen, matched, shown }, gap };
}

export const pause = (list: LiveList): LiveList => ({ ...list, paused: { waiting: [] } });

export function resume({ paused, ...list }: LiveList): LiveList {
  return { ...list, events: merged(list.events, paused?.waiting ?? []) };
}

/** Where an event lies, as one text. */
export const placeOf = ({ topic, partition, offset }: LiveEvent) => `${topic}/${partition}/${offset}`;

function merged(before: readonly LiveEvent[], added: readonly LiveEvent[]): readonly LiveEvent[] {
  if (added.length === 0) return before;
  // The console may have to read again from Kafka what it told already.
  const known = new Set(before.map(placeOf));
  // Of those of the same millisecond the last is the newest.
  const fresh = added.filter((event) => !known.has(placeOf(event))).reverse();
  return [...fresh, ...before].sort((a, b) => b.arrivedAt - a.arrivedAt).slice(0, maxKept);
}
