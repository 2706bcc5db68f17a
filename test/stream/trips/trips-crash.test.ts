import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { envelopeHeaders, type Schemas } from "../../../schemas/index.ts";
import { createRememberingTopology, createTopology } from "../../../stream/index.ts";
import { createCities } from "../../../stream/reference/cities.ts";
import type { Driver } from "../../../stream/reference/drivers.ts";
import { createHistories } from "../../../stream/reference/history.ts";
import type { Vehicle } from "../../../stream/reference/vehicles.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { shuffleWithin } from "../../support/shuffle-within.ts";
import {
  createTopologyDriver,
  type DriverParts,
  dieEverywhere,
  type TopologyDriver,
} from "../../support/topology-driver.ts";
import { processorRules } from "../processor-rules.ts";
import { minute, rules, start } from "./trips.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const latenessMs = 5 * minute;
const names = ["gather-trip-events", "gather-trip-positions", "fold-trips"];
/** The flows of production between enriched events and accounts of trips. */
function driverOf(parts: Partial<DriverParts> = {}): TopologyDriver {
  const reference = {
    drivers: createHistories<Driver>(1),
    vehicles: createHistories<Vehicle>(1),
    cities: createCities(),
  };
  const all = processorRules({ latenessMs, trips: rules });
  return createTopologyDriver({
    flows: createTopology(schemas, reference).filter(({ name }) => names.includes(name)),
    remembering: createRememberingTopology(schemas, reference, all).filter(({ name }) => names.includes(name)),
    ...{ startMs: start, maxCachedKeys: 2, ...parts },
  });
}

type Event = { readonly timeMs: number; readonly topic: string; readonly record: OutgoingRecord };
function event(type: string, at: number, data: Record<string, unknown>): Event {
  const [id, timeMs] = [`${type} ${data.trip_id ?? ""} ${at}`, start + at];
  const envelope = { id, type, source: "/test", time: new Date(timeMs).toISOString(), receivedAt: timeMs };
  const value = schemas.encode(type, data, "enriched");
  const topic = type === "driver.location" ? "driver-locations-enriched" : "trip-events-enriched";
  return { timeMs, topic, record: { key: schemas.keyOf(type, data), value, headers: envelopeHeaders(envelope) } };
}
const place = (metres: number) => ({ latitude: 40.7 + metres / 111_195, longitude: -74 });
const position = (trip_id: string, at: number, metres: number) =>
  event("driver.location", at, { driver_id: `drv_of_${trip_id}`, trip_id, ...place(metres) });
/** From the request to the rating, 40 minutes later. */
function trip(trip_id: string, at: number): Event[] {
  const [driver_id, rider_id] = [`drv_of_${trip_id}`, "rdr_1"];
  return [
    event("trip.requested", at, { trip_id, rider_id, ...place(0) }),
    event("trip.accepted", at + minute, { trip_id, driver_id, rider_id }),
    event("trip.driver_arrived", at + 4 * minute, { trip_id, driver_id }),
    event("trip.started", at + 5 * minute, { trip_id, driver_id, ...place(0) }),
    event("trip.completed", at + 25 * minute, { trip_id, driver_id, ...place(7_000), distance: 7_400.5 }),
    event("trip.rated", at + 40 * minute, { trip_id, driver_id, rider_id, rated_by: "rider", rating: 5 }),
  ];
}
/** Trips with a position a minute, and one without an end. */
const inTime = () =>
  [
    ...[0, 3].flatMap((at, i) => trip(`trp_${i}`, at * minute)),
    ...Array.from({ length: 20 }, (_, k) => position("trp_1", (4 + k) * minute, k * 300)),
    event("trip.requested", 2 * minute, { trip_id: "trp_stuck", rider_id: "rdr_2", ...place(0) }),
    position("trp_stuck", 9 * minute, 100),
  ].sort((a, b) => a.timeMs - b.timeMs);
/** What a device kept for so long that everything else is over. */
const late = () => [
  ...trip("trp_late", 5 * minute),
  ...[7, 9, 12].map((at) => position("trp_late", (5 + at) * minute, at * 500)),
];

/** The events as they come, some at a time; then nothing for three days. */
async function play(
  events: readonly Event[],
  { some = 1, ...parts }: Partial<DriverParts> & { readonly some?: number },
) {
  const driver = driverOf(parts);
  for (let i = 0; i < events.length; i += some) {
    for (const { topic, record } of events.slice(i, i + some)) driver.write(topic, [record]);
    await driver.run();
  }
  await driver.advance(72 * 60 * minute);
  return driver;
}
/** Key, bytes and headers of the accounts, without repetitions. */
const told = (driver: TopologyDriver) =>
  driver.distinct("trips").map(({ key, value, headers }) => JSON.stringify([key, value?.toString("base64"), headers]));
async function newest(driver: TopologyDriver) {
  const all = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { value } of driver.distinct("trips")) {
    const decoded = await schemas.decode(value ?? Buffer.alloc(0));
    if (decoded.ok) all.set(String(decoded.value.trip_id), decoded.value);
  }
  return [...all.values()].map((one) => [one.trip_id, one.status, one.path_positions, one.rider_rating]).sort();
}

test("a death at every effect in turn, or two in a row, leaves trips and their paths as they are", async () => {
  const twice = [...inTime(), ...late()].flatMap((one, i) => (i % 3 === 0 ? [one, one] : [one]));
  let oracle: readonly string[] | undefined;
  const times = await dieEverywhere(
    (deaths) => play(twice, { deaths, some: 12, batchSize: 7 }),
    async (driver, where) => {
      oracle ??= told(driver);
      expect(told(driver), where).toEqual(oracle);
      expect(driver.waiting, where).toBe(0);
      expect(driver.memory("fold-trips").size, where).toBe(0);
      if (driver.died > 0) return;
      expect(await newest(driver)).toEqual([
        ["trp_0", "completed", 0, 5],
        ["trp_1", "completed", 16, 5],
        ["trp_late", "completed", 3, 5],
        ["trp_stuck", "stuck", 0, null],
      ]);
    },
    [3],
  );
  expect(times).toBeGreaterThan(200);
});

test("shuffled within the lateness, with a fifth of the events twice, the accounts are byte for byte the same", async () => {
  const oracle = told(await play(inTime(), {}));
  expect(oracle.length).toBeGreaterThan(4);
  for (const seed of [1, 2, 3, 4, 5]) {
    const events = shuffleWithin(inTime(), latenessMs, seed);
    expect(events.length).toBeGreaterThan(inTime().length);
    expect(told(await play(events, { batchSize: seed }))).toEqual(oracle);
  }
});

test("the last trip is out within the idle time-out, the lateness and the settling time", async () => {
  const idleMs = 30_000;
  const driver = driverOf({ idleMs });
  for (const { topic, record } of trip("trp_9", 0).slice(0, 5)) driver.write(topic, [record]);
  await driver.run();
  await driver.advance(idleMs - 1);
  expect(told(driver)).toEqual([]);
  await driver.advance(latenessMs + rules.settleMs - idleMs + 1);
  expect(told(driver)).toHaveLength(1);
});
