import { type AskMany, type PartitionPlace, placeKey } from "./ask-many.ts";
import { type ArrivalPoint, boundsOf, createKnownAges, type KnownAges } from "./known-ages.ts";

/** The answer is that exact, and not better than a fifth of a second. */
const precision = 0.02;
const leastMs = 200;
/** A group takes some five; many groups at different places of a partition take more. */
const maxRounds = 80;

/** A record whose age is asked for: the one at `next`, or the first behind it that is still there. */
export type AgeAsked = {
  readonly place: PartitionPlace;
  readonly next: bigint;
  /** The next offset of the partition. */
  readonly high: bigint;
};

/** It arrived at or after the time of `since`, a record not behind it, and before that of `before`, a record not before it. */
type Search = AgeAsked & { since: ArrivalPoint | undefined; before: ArrivalPoint };

/**
 * The ages of records by their time of arrival, to some percent and never too low, in milliseconds, without reading one: Kafka tells the first record behind a
 * moment, and its time. Where a record stands among those that are known says where to look for it (interpolation), and in turn the middle of what is left is asked
 * for, so that an uneven stream takes little longer. All are searched for at the same time, a request a broker and round, and what is learned of a partition serves all that is
 * asked about it.
 * An age that nobody tells is undefined.
 * @param memory what was learned before; afterwards it has what was learned of what was asked for now, and nothing else
 */
export async function agesOf(
  firstsAt: AskMany["firstsAt"],
  asked: readonly AgeAsked[],
  now: number,
  memory: KnownAges = createKnownAges(),
): Promise<readonly (number | undefined)[]> {
  const searches = asked.map((each): Search => {
    const arrivals = memory.get(placeKey(each.place.topic, each.place.partition)) ?? [];
    return { ...each, ...boundsOf(arrivals, each.next, { offset: each.high, time: now }) };
  });
  const byPartition = Map.groupBy(searches, ({ place }) => placeKey(place.topic, place.partition));
  const open = new Map(byPartition);
  for (let round = 0; round < maxRounds; round++) {
    const probes: (PartitionPlace & { readonly timestamp: number })[] = [];
    for (const [key, group] of open) {
      const search = group.find((each) => !isOver(each, now));
      if (search === undefined) open.delete(key);
      else probes.push({ ...search.place, timestamp: momentFor(search, now, round) });
    }
    if (probes.length === 0) break;
    const firsts = await firstsAt(probes);
    for (const { topic, partition, timestamp } of probes) {
      const key = placeKey(topic, partition);
      const first = firsts.get(key);
      // It has just lost its leader, or holds nothing any more: what is known must do.
      if (first === undefined || "why" in first || (first.offset < 0n && timestamp === 0)) open.delete(key);
      else for (const search of byPartition.get(key) ?? []) learn(search, timestamp, first);
    }
  }
  memory.clear();
  for (const [key, group] of byPartition) {
    memory.set(
      key,
      group.map(({ next, since, before }) => ({ next, since: since?.time, before: before.time })),
    );
  }
  return searches.map(({ since }) => (since === undefined ? undefined : Math.max(0, now - since.time)));
}

/** How far a moment may be from that of the record, ms. */
const tolerance = (since: ArrivalPoint, now: number) => Math.max(leastMs, (now - since.time) * precision);

function isOver({ since, before }: Search, now: number): boolean {
  return since !== undefined && before.time - since.time <= tolerance(since, now);
}

/** The moment to ask for next; 0 asks for the first record of all. */
function momentFor({ next, since, before }: Search, now: number, round: number): number {
  if (since === undefined) return 0;
  const span = Number(before.offset - since.offset);
  const share = span > 0 ? Number(next - since.offset) / span : 0.5;
  const moments = [
    // In the middle by orders of magnitude: most of what waits is young.
    now - Math.sqrt(Math.max(leastMs, now - before.time) * Math.max(1, now - since.time)),
    since.time + share * (before.time - since.time) - 1,
    // Perhaps it is known already.
    since.time + tolerance(since, now),
  ];
  const moment = Math.floor(moments[round % moments.length] ?? 0);
  return Math.max(1, since.time + 1, Math.min(moment, before.time - 1));
}

function learn(search: Search, moment: number, first: ArrivalPoint): void {
  const { next, since, before } = search;
  if (first.offset === next || (moment === 0 && first.offset > next)) {
    search.since = first;
    search.before = first;
  } else if (first.offset < 0n || first.offset > next) {
    if (moment < before.time) {
      search.before = { offset: first.offset < 0n ? search.high : first.offset, time: moment };
    }
  } else if (since === undefined || first.time > since.time) {
    search.since = first;
    // Records need not lie in the order of their times.
    if (first.time > before.time) search.before = { offset: before.offset, time: first.time };
  }
}
