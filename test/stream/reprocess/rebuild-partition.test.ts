import { expect, test } from "vitest";
import type { KafkaRecord, RecordBatch } from "../../../kafka/index.ts";
import { forward } from "../../../stream/index.ts";
import { rebuildPartition } from "../../../stream/reprocess/rebuild-partition.ts";
import { rememberingFlow } from "../../../stream/state/remembering-flow.ts";
import { foldTrip, type ToldTrip, type TripMemory } from "../../../stream/trips/fold-trip.ts";
import type { ArrivedTripEvent } from "../../../stream/trips/trip-event.ts";
import { createMemoryStateStore } from "../../support/memory-state-store.ts";
import { minute, rules, start, tripEvent } from "../trips/trips.ts";

const flow = rememberingFlow<ArrivedTripEvent, TripMemory, ToldTrip>({
  ...{ name: "trips", source: "trip-signals", latenessMs: minute, outputs: ["trips"] },
  read: ({ value }) => forward(JSON.parse(String(value)) as ArrivedTripEvent),
  step: foldTrip(rules) as never,
  write: ({ tripId, account }) => {
    const value = Buffer.from(`${tripId} ${account.status} ${account.rider_rating}`);
    return { topic: "trips", key: tripId, value, headers: {} };
  },
});

function batchOf(events: readonly { readonly event: ArrivedTripEvent; readonly arrivedMs: number }[]): RecordBatch {
  const records = events.map(({ event, arrivedMs }, i): KafkaRecord => {
    const value = Buffer.from(JSON.stringify(event));
    return { offset: String(i), timestamp: String(arrivedMs), key: null, value, headers: {} };
  });
  const next = BigInt(records.length);
  return { topic: "trip-signals", partition: 0, records, firstOffset: 0n, nextOffset: next, highWatermark: next };
}

async function rebuilt(events: Parameters<typeof batchOf>[0], restMs: number) {
  const memory = createMemoryStateStore();
  const told: { readonly text: string; readonly atMs: number }[] = [];
  const partition = await rebuildPartition({
    ...{ flow, store: memory.store, partition: 0, ...memory.claim(0), idleMs: 30_000, maxCachedKeys: 10 },
    async tell(records, _partition, atMs) {
      for (const { value } of records) told.push({ text: String(value), atMs: atMs - start });
    },
  });
  await partition.take(batchOf(events));
  expect(partition.nextOffset).toBe(BigInt(events.length));
  await partition.rest(start + restMs);
  return told;
}

/** As they happen, so they arrive. */
const live = (...events: ArrivedTripEvent[]) => events.map((event) => ({ event, arrivedMs: event.timeMs }));
const whole = [
  tripEvent("trp_1", "requested", 0),
  tripEvent("trp_1", "completed", 10 * minute),
  tripEvent("trp_1", "rated", 60 * minute, { rated_by: "rider", rating: 5 }),
];

test("where nothing arrived, time went on by the clock: the trip is told before the rating that came an hour later", async () => {
  const told = await rebuilt(live(...whole), 3 * 60 * minute);
  expect(told.map(({ text }) => text)).toEqual(["trp_1 completed null", "trp_1 completed 5"]);
  expect(told.map(({ atMs }) => atMs)).toEqual([60 * minute, 180 * minute]);
});

test("what arrived close together goes by event time alone, and the end waits for the clock", async () => {
  const uploaded = whole.map((event, i) => ({ event, arrivedMs: start + 100 * minute + i }));
  expect((await rebuilt(uploaded, 100 * minute + 20_000)).map(({ text }) => text)).toEqual(["trp_1 completed null"]);
  expect((await rebuilt(uploaded, 110 * minute)).map(({ text }) => text)).toEqual([
    "trp_1 completed null",
    "trp_1 completed 5",
  ]);
});
