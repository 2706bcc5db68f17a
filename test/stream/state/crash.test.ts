import { expect, test } from "vitest";
import { drop, forward, type Reader, rememberingFlow } from "../../../stream/index.ts";
import { openPartition } from "../../../stream/state/open-partition.ts";
import { foldTrip, type ToldTrip } from "../../../stream/trips/fold-trip.ts";
import type { ArrivedTripEvent } from "../../../stream/trips/trip-event.ts";
import { createMemoryStateStore } from "../../support/memory-state-store.ts";
import { asRead } from "../../support/memory-topics.ts";
import { createTopologyDriver, dieEverywhere, type TopologyDriver } from "../../support/topology-driver.ts";
import { minute, rules, tripEvent, wholeTrip } from "../trips/trips.ts";

const readJson: Reader<ArrivedTripEvent> = function readJson({ value }) {
  return forward(JSON.parse(String(value)) as ArrivedTripEvent);
};
const flow = rememberingFlow<ArrivedTripEvent, unknown, ToldTrip>({
  name: "trips",
  source: "trip-events-enriched",
  read: readJson,
  step: foldTrip(rules) as never,
  latenessMs: 5 * minute,
  write: (told) => ({
    topic: "trips",
    key: told.tripId,
    value: Buffer.from(JSON.stringify(told)),
    headers: { ce_id: `${told.tripId}/${told.revision}` },
  }),
  outputs: ["trips"],
});

const events = [
  ...[0, 3, 8, 9, 40].flatMap((at, i) => wholeTrip(`trp_${i}`, at * minute)),
  tripEvent("trp_stuck", "requested", 2 * minute),
  tripEvent("trp_far", "requested", 12 * 60 * minute),
].sort((a, b) => a.timeMs - b.timeMs);

/** The whole input through a processor that dies at each of the given points; then nothing comes for three days. */
async function play(deaths: readonly number[], maxCachedKeys = 100): Promise<TopologyDriver> {
  const driver = createTopologyDriver({ remembering: [flow], deaths, maxCachedKeys, batchSize: 5 });
  const records = events.map((event) => ({ key: event.tripId, value: Buffer.from(JSON.stringify(event)) }));
  await driver.pipe("trip-events-enriched", records);
  await driver.advance(72 * 60 * minute);
  return driver;
}
const told = (driver: TopologyDriver, topic: "output" | "distinct") =>
  driver[topic]("trips").map(({ value }) => String(value));

test("a death at every effect in turn, or two in a row, changes nothing in what comes out", async () => {
  const oracle = await play([]);
  expect(told(oracle, "output").length).toBeGreaterThan(10);
  const times = await dieEverywhere(
    play,
    (driver, where) => {
      expect(told(driver, "distinct"), where).toEqual(told(oracle, "output"));
      expect(driver.waiting, where).toBe(0);
      expect(driver.memory("trips").size, where).toBe(0);
    },
    [0, 2, 5, 9],
  );
  expect(times).toBeGreaterThan(250);
});

test("keys that do not fit in memory are read from the store", async () => {
  expect(told(await play([], 1), "output")).toEqual(told(await play([]), "output"));
});

test("whoever lost the claim stores nothing and learns of it", async () => {
  const memory = createMemoryStateStore();
  const parts = { flow, store: memory.store, partition: 0, send: async () => undefined, maxCachedKeys: 10 };
  const zombie = await openPartition({ ...parts, ...memory.claim(0) });
  await openPartition({ ...parts, ...memory.claim(0) });
  const [record] = events;
  expect(
    await zombie.take([{ record, nextOffset: 1n, source: asRead({ key: null, value: null }, 0, 0) }], 1n),
  ).toBeUndefined();
  expect(memory.states.size).toBe(0);
});

test("partitions that are taken over and back again between any two batches give the same", async () => {
  const oracle = told(await play([]), "output");
  const driver = createTopologyDriver({ remembering: [flow] });
  for (const event of events) {
    driver.rebalance();
    await driver.pipe("trip-events-enriched", [{ key: null, value: Buffer.from(JSON.stringify(event)) }]);
  }
  driver.rebalance();
  await driver.advance(72 * 60 * minute);
  expect(told(driver, "distinct")).toEqual(oracle);
});

test("a batch of which nothing is left to remember is done with all the same", async () => {
  const dropping: Reader<ArrivedTripEvent> = function dropping() {
    return drop("nothing");
  };
  const driver = createTopologyDriver({ remembering: [{ ...flow, read: dropping }], batchSize: 2 });
  await driver.pipe(
    "trip-events-enriched",
    Array.from({ length: 5 }, () => ({ key: null, value: null })),
  );
  expect(driver.turnedAway).toHaveLength(5);
});

test("what a reader makes of one record is stored together, also where more is due than is loaded at a time", async () => {
  type Tick = { readonly key: string; readonly time: number };
  const count = rememberingFlow<Tick, Tick, string>({
    ...{ name: "ticks", source: "ticks", latenessMs: 0, outputs: ["told"] },
    read: ({ value }) => forward(...(JSON.parse(String(value)) as Tick[])),
    step: {
      keyOf: ({ key }) => key,
      timeOf: ({ time }) => time,
      take: (_known, tick) => ({ state: tick, wakeMs: tick.time + 10_000, emit: [] }),
      wake: ({ key }) => ({ state: undefined, emit: [key] }),
    },
    write: (key) => ({ topic: "told", key, value: null, headers: { ce_id: key } }),
  });
  const many = Array.from({ length: 5_500 }, (_, i): Tick => ({ key: `k${i}`, time: i }));
  const apart: Tick[] = [
    { key: "near", time: 11_000 },
    { key: "far", time: 50_000 },
  ];
  // So far it goes until the first results of the second record are written, each of which is an effect as well.
  for (let at = 0; at < 25; at++) {
    const driver = createTopologyDriver({ remembering: [count], deaths: [at], batchSize: 1 });
    const records = [many, apart].map((some) => ({ key: "all", value: Buffer.from(JSON.stringify(some)) }));
    await driver.pipe("ticks", records);
    await driver.advance(60_000);
    expect(driver.died).toBe(1);
    expect(driver.distinct("told").length, `death after ${at} effects`).toBe(many.length + apart.length);
  }
});
