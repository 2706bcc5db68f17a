import { expect, test } from "vitest";
import { forward, type Reader, rememberingFlow } from "../../../stream/index.ts";
import { foldTrip, type ToldTrip } from "../../../stream/trips/fold-trip.ts";
import type { TripSignal } from "../../../stream/trips/trip-event.ts";
import { createTopologyDriver, dieEverywhere, type TopologyDriver } from "../../support/topology-driver.ts";
import { minute, newest, position, rules, tripEvent, wholeTrip } from "./trips.ts";

const readJson: Reader<TripSignal> = function readJson({ value }) {
  return forward(JSON.parse(String(value)) as TripSignal);
};
const flow = rememberingFlow<TripSignal, unknown, ToldTrip>({
  ...{ name: "trips", source: "trip-signals", read: readJson, latenessMs: 5 * minute, outputs: ["trips"] },
  step: foldTrip(rules) as never,
  write: (told) => ({
    ...{ topic: "trips", key: told.tripId, value: Buffer.from(JSON.stringify(told)) },
    headers: { ce_id: `${told.tripId}/${told.revision}` },
  }),
});

/** Trips with a position a minute, one without an end, one that is sent late as a whole, and every third signal twice. */
const inTime = [
  ...[0, 3].flatMap((at, i) => wholeTrip(`trp_${i}`, at * minute)),
  ...Array.from({ length: 20 }, (_, k) => position("trp_1", (4 + k) * minute, k * 300)),
  tripEvent("trp_stuck", "requested", 2 * minute),
  position("trp_stuck", 9 * minute, 100),
].sort((a, b) => a.timeMs - b.timeMs);
const late = [
  ...wholeTrip("trp_late", 5 * minute),
  ...[7, 9, 12].map((at) => position("trp_late", (5 + at) * minute, at * 500)),
];
const signals = [...inTime, ...late].flatMap((signal, i) => (i % 3 === 0 ? [signal, signal] : [signal]));

async function play(deaths: readonly number[]): Promise<TopologyDriver> {
  const driver = createTopologyDriver({ remembering: [flow], deaths, maxCachedKeys: 2, batchSize: 7 });
  const records = signals.map((signal) => ({ key: signal.tripId, value: Buffer.from(JSON.stringify(signal)) }));
  await driver.pipe("trip-signals", records);
  await driver.advance(72 * 60 * minute);
  return driver;
}
const told = (driver: TopologyDriver) => driver.distinct("trips").map(({ value }) => String(value));

test("a death at every effect in turn, or two in a row, leaves trips and their paths as they are", async () => {
  const oracle = await play([]);
  const accounts = newest(told(oracle).map((text) => JSON.parse(text) as ToldTrip));
  expect(
    [...accounts.values()].map(({ tripId, account }) => [tripId, account.status, account.path_positions]).sort(),
  ).toEqual([
    ["trp_0", "completed", 0],
    ["trp_1", "completed", 16],
    ["trp_late", "completed", 3],
    ["trp_stuck", "stuck", 0],
  ]);
  const times = await dieEverywhere(
    play,
    (driver, where) => {
      expect(told(driver), where).toEqual(told(oracle));
      expect(driver.waiting, where).toBe(0);
      expect(driver.memory("trips").size, where).toBe(0);
    },
    [0, 3],
  );
  expect(times).toBeGreaterThan(100);
});

test("the last trip is out within the idle time-out, the lateness and the settling time", async () => {
  const idleMs = 30_000;
  const driver = createTopologyDriver({ remembering: [flow], idleMs });
  const records = wholeTrip("trp_9", 0)
    .slice(0, 5)
    .map((signal) => ({ key: signal.tripId, value: Buffer.from(JSON.stringify(signal)) }));
  await driver.pipe("trip-signals", records);
  await driver.advance(idleMs - 1);
  expect(told(driver)).toEqual([]);
  await driver.advance(flow.latenessMs + rules.settleMs - idleMs + 1);
  expect(told(driver)).toHaveLength(1);
});
