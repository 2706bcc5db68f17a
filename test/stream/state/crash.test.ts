import { expect, test } from "vitest";
import type { OutboxRecord } from "../../../store/index.ts";
import { type Arrived, openPartition } from "../../../stream/state/open-partition.ts";
import { rememberingFlow } from "../../../stream/state/remembering-flow.ts";
import { forward } from "../../../stream/step.ts";
import { foldTrip, type ToldTrip } from "../../../stream/trips/fold-trip.ts";
import type { ArrivedTripEvent } from "../../../stream/trips/trip-event.ts";
import { createMemoryStateStore } from "../../support/memory-state-store.ts";
import { minute, rules, start, tripEvent, wholeTrip } from "../trips/trips.ts";

class Crash extends Error {}

const flow = rememberingFlow<ArrivedTripEvent, unknown, ToldTrip>({
  name: "trips",
  source: "trip-events-enriched",
  read: () => forward(),
  step: foldTrip(rules) as never,
  latenessMs: 5 * minute,
  write: (told) => ({ topic: "trips", key: told.tripId, value: Buffer.from(JSON.stringify(told)), headers: {} }),
  outputs: ["trips"],
});

const events = [
  ...[0, 3, 8, 9, 40].flatMap((at, i) => wholeTrip(`trp_${i}`, at * minute)),
  tripEvent("trp_stuck", "requested", 2 * minute),
  tripEvent("trp_far", "requested", 12 * 60 * minute),
].sort((a, b) => a.timeMs - b.timeMs);
const batchSize = 5;
const end = start + 72 * 60 * minute;

/**
 * The whole input through a processor that dies at each of the given points and starts anew, as a process does: with nothing but the store.
 * @param crashes how many effects to let happen before each death.
 */
async function run(crashes: readonly number[], maxCachedKeys = 100) {
  let left: number | undefined;
  const deaths = [...crashes];
  let points = 0;
  const point = () => {
    points++;
    if (left !== undefined && left-- === 0) throw new Crash();
  };
  const memory = createMemoryStateStore(point);
  const topic: OutboxRecord[] = [];
  const send = async (records: readonly OutboxRecord[]) => {
    point();
    topic.push(...records);
    point();
  };

  async function live(): Promise<void> {
    const claim = memory.claim();
    const partition = await openPartition({ flow, store: memory.store, partition: 0, ...claim, send, maxCachedKeys });
    for (let at = Number(partition.nextOffset); at < events.length; at += batchSize) {
      const batch = events.slice(at, at + batchSize);
      const arrived = batch.map((record, i): Arrived => ({ record, nextOffset: BigInt(at + i + 1) }));
      expect(await partition.take(arrived, BigInt(at + batch.length))).toBeDefined();
    }
    await partition.pass(end);
  }
  for (;;) {
    left = deaths.shift();
    try {
      await live();
      return {
        topic: topic.map(({ value }) => String(value)),
        points,
        outbox: memory.outboxSize,
        states: memory.states,
      };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

/** Repetitions taken out: whoever reads the topic knows them by their ids. */
const once = (topic: readonly string[]) => [...new Set(topic)];

test("a death at every effect in turn changes nothing in what comes out", async () => {
  const oracle = await run([]);
  expect(oracle.topic.length).toBeGreaterThan(10);
  expect(oracle.points).toBeGreaterThan(50);
  expect(oracle.states.size).toBe(0);
  for (let at = 0; at < oracle.points; at++) {
    const { topic, outbox } = await run([at]);
    expect(once(topic), `death ${at}`).toEqual(oracle.topic);
    expect(outbox).toBe(0);
  }
});

test("nor do two deaths in a row, the second soon after the restart", async () => {
  const oracle = await run([]);
  for (let at = 0; at < oracle.points; at += 3) {
    for (const soon of [0, 1, 2, 5, 9]) {
      const { topic } = await run([at, soon]);
      expect(once(topic), `deaths ${at} and ${soon}`).toEqual(oracle.topic);
    }
  }
});

test("keys that do not fit in memory are read from the store", async () => {
  expect((await run([], 1)).topic).toEqual((await run([])).topic);
});

test("whoever lost the claim stores nothing and learns of it", async () => {
  const memory = createMemoryStateStore();
  const parts = { flow, store: memory.store, partition: 0, send: async () => undefined, maxCachedKeys: 10 };
  const zombie = await openPartition({ ...parts, ...memory.claim() });
  await openPartition({ ...parts, ...memory.claim() });
  const [record] = events;
  expect(await zombie.take([{ record, nextOffset: 1n }], 1n)).toBeUndefined();
  expect(memory.states.size).toBe(0);
});
