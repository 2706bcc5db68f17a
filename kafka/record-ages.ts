import { type AskMany, type PartitionPlace, placeKey } from "./ask-many.ts";
import { boundsOf, createKnownAges, type KnownAges } from "./known-ages.ts";

const shortestMs = 1_000;
const longestMs = 10 * 365 * 24 * 3_600_000;
/** The answer is that exact, and not better than a fifth of a second. */
const precision = 0.02;
/** From a second to ten years and down to the precision takes thirty; many groups at different places of a partition take more. */
const maxRounds = 80;

/** A record whose age is asked for: the one at `next`, or the first behind it that is still there. */
export type AgeAsked = { readonly place: PartitionPlace; readonly next: bigint };

type Search = AgeAsked & { young: number; old: number; known: boolean };

/**
 * The ages of records by their time of arrival, to some percent and never too low, in milliseconds, without reading one: Kafka tells the first offset behind a
 * moment, and the youngest moment behind which no offset lies beyond a record is its answer. All are searched for at the same time, a request a broker and round,
 * and what is learned of a partition serves all that is asked about it.
 * @param memory what was learned before; afterwards it has what was learned of what was asked for now, and nothing else
 */
export async function agesOf(
  offsetsAt: AskMany["offsetsAt"],
  asked: readonly AgeAsked[],
  now: number,
  memory: KnownAges = createKnownAges(),
): Promise<readonly number[]> {
  const searches = asked.map((each) => searchFrom(each, memory, now));
  const byPartition = Map.groupBy(searches, ({ place }) => placeKey(place.topic, place.partition));
  for (let round = 0; round < maxRounds; round++) {
    const probes: (PartitionPlace & { readonly timestamp: number; readonly age: number })[] = [];
    for (const group of byPartition.values()) {
      const open = group.find((search) => !isOver(search));
      if (open === undefined) continue;
      const age = open.known ? (open.young + open.old) / 2 : open.old;
      probes.push({ ...open.place, age, timestamp: Math.max(0, Math.floor(now - age)) });
    }
    if (probes.length === 0) break;
    const firsts = await offsetsAt(probes);
    for (const { topic, partition, age } of probes) {
      const key = placeKey(topic, partition);
      const first = firsts.get(key);
      // It has just lost its leader: what is known must do.
      if (first === undefined) byPartition.delete(key);
      else for (const search of byPartition.get(key) ?? []) learn(search, age, first);
    }
  }
  memory.clear();
  for (const [key, group] of Map.groupBy(searches, ({ place }) => placeKey(place.topic, place.partition))) {
    const arrivals = group.map(({ next, young, old, known }) => ({
      ...{ next, before: now - young },
      ...(known ? { since: now - old } : {}),
    }));
    memory.set(key, arrivals);
  }
  return searches.map(({ old }) => old);
}

function searchFrom(asked: AgeAsked, memory: KnownAges, now: number): Search {
  const arrivals = memory.get(placeKey(asked.place.topic, asked.place.partition)) ?? [];
  const { young, old } = boundsOf(arrivals, asked.next, now);
  return { ...asked, young, old: old ?? Math.max(shortestMs, young * 4), known: old !== undefined };
}

function isOver({ known, young, old }: Search): boolean {
  return known ? old - young <= Math.max(200, old * precision) : young >= longestMs;
}

function learn(search: Search, age: number, first: bigint): void {
  if (first >= 0n && first <= search.next) {
    if (!search.known || age < search.old) search.old = Math.max(age, search.young);
    search.known = true;
  } else if (age > search.young) {
    search.young = age;
    // Records need not lie in the order of their times.
    if (!search.known) search.old = Math.max(search.old, age * 4);
    else if (search.young > search.old) search.old = search.young;
  }
}
