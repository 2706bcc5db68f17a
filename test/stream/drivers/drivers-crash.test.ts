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
import { createTopologyDriver, dieEverywhere, type TopologyDriver } from "../../support/topology-driver.ts";
import { processorRules } from "../processor-rules.ts";
import { hour, minute, start } from "./drivers.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const flows = ["gather-driver-locations", "gather-driver-status", "track-drivers", "fold-driver-hours"];
function driverOf(deaths: readonly number[]) {
  const reference = {
    drivers: createHistories<Driver>(1),
    vehicles: createHistories<Vehicle>(1),
    cities: createCities(),
  };
  return createTopologyDriver({
    flows: createTopology(schemas, reference).filter(({ name }) => flows.includes(name)),
    remembering: createRememberingTopology(schemas, reference, processorRules()).filter(({ name }) =>
      flows.includes(name),
    ),
    ...{ deaths, startMs: start, batchSize: 4 },
  });
}

let sequence = 0;
function event(type: string, at: number, data: Record<string, unknown>, id = `e-${++sequence}`): OutgoingRecord {
  const envelope = { id, type, source: "/test", time: new Date(start + at).toISOString(), receivedAt: start + at };
  const variant = type === "driver.location" ? "enriched" : "base";
  return {
    key: String(data.driver_id),
    value: schemas.encode(type, data, variant),
    headers: envelopeHeaders(envelope),
  };
}
const location = (driver_id: string, at: number, longitude: number, more: object = {}) =>
  event("driver.location", at, { driver_id, latitude: 40.7, longitude, city_id: "cty_1", ...more });
const status = (driver_id: string, at: number, value: string) =>
  event("driver.status", at, { driver_id, status: value });

const records = () => {
  sequence = 0;
  return {
    statuses: [status("drv_1", 0, "open"), status("drv_1", 12 * minute, "on_trip"), status("drv_2", 0, "open")],
    locations: [
      location("drv_1", minute, -74),
      location("drv_2", minute + 2_000, -73.9),
      location("drv_1", 2 * minute, -74.001, { vehicle_id: "veh_1", enriched_vehicle_id: "veh_2", speed: 8 }),
      location("drv_1", 2 * minute + 4_000, -73),
      location("drv_1", 3 * minute, 0, { latitude: 0 }),
      location("drv_1", 13 * minute, -74.002),
      location("drv_2", 50 * minute, -73.9),
      location("drv_1", 65 * minute, -74.003),
    ],
  };
};

async function dataOf(records: readonly OutgoingRecord[]) {
  const decoded = await Promise.all(records.map(({ value }) => schemas.decode(value ?? Buffer.alloc(0))));
  return decoded.map((one) => {
    if (!one.ok) throw new Error(one.reason);
    return one.value;
  });
}

async function play(deaths: readonly number[]): Promise<TopologyDriver> {
  const driver = driverOf(deaths);
  const { statuses, locations } = records();
  driver.write("driver-status", statuses);
  await driver.pipe("driver-locations-enriched", locations);
  await driver.advance(3 * hour);
  await driver.advance(30 * hour);
  return driver;
}

test("positions, jumps and hours of real records", async () => {
  const driver = await play([]);
  const positions = await dataOf(driver.output("driver-positions"));
  expect(positions.at(-1)).toMatchObject({ driver_id: "drv_1", longitude: -74.003, city_id: "cty_1" });
  expect(positions).toContainEqual(expect.objectContaining({ longitude: -74.001, vehicle_id: "veh_2", speed: 8 }));
  expect(driver.turnedAway).toEqual([
    expect.objectContaining({ flow: "track-drivers", verdict: "drop", reason: "position impossible" }),
  ]);
  const jumps = await dataOf(driver.output("driver-jumps"));
  expect(jumps).toMatchObject([
    { driver_id: "drv_1", from_longitude: -74.001, to_longitude: -73, to_at: start + 124_000 },
    { driver_id: "drv_1", from_longitude: -73, to_longitude: -74.002 },
  ]);
  const hours = await dataOf(driver.output("driver-hours"));
  expect(hours.map(({ driver_id, hour: at, revision }) => [driver_id, Number(at) - start, revision])).toEqual([
    ["drv_1", 0, 1],
    ["drv_2", 0, 1],
    ["drv_1", hour, 1],
  ]);
  // Open for 12 minutes, then on a trip and heard of at 12 and 13 minutes, so until 23.
  expect(hours[0]).toMatchObject({ online_seconds: 1_380, open_seconds: 720, on_trip_seconds: 660, city_id: "cty_1" });
  expect(hours[0]?.utilisation).toBeCloseTo(660 / 1_380);
});

test("when the input stops, the last hour is told once the clock has come to its end and the lateness is over", async () => {
  const driver = driverOf([]);
  const { statuses, locations } = records();
  driver.write("driver-status", statuses);
  await driver.pipe("driver-locations-enriched", locations);
  const hours = async () => (await dataOf(driver.distinct("driver-hours"))).map(({ hour: at }) => Number(at) - start);
  // The last position is five minutes into the second hour; events may be a minute late.
  await driver.advance(56 * minute - 1);
  expect(await hours()).toEqual([0, 0]);
  await driver.advance(1);
  expect(await hours()).toEqual([0, 0, hour]);
});

test("shuffled within the lateness, with a fifth of the events twice: hours and jumps byte for byte the same, and the same last positions", async () => {
  sequence = 0;
  const events = ["drv_1", "drv_2", "drv_3"].flatMap((driver, d) => [
    ...["open", "dispatched", "on_trip", "open", "offline"].map((value, i) => {
      const at = (d * 7 + i * 23) * minute;
      return { timeMs: start + at, topic: "driver-status", record: status(driver, at, value) };
    }),
    ...Array.from({ length: 30 }, (_, i) => {
      const at = d * minute + i * 4 * minute;
      // Now and then far away.
      const east = i % 11 === 7 ? -73 : -74 + i / 10_000;
      return { timeMs: start + at, topic: "driver-locations-enriched", record: location(driver, at, east) };
    }),
  ]);
  events.sort((a, b) => a.timeMs - b.timeMs);
  const outcome = async (arrivals: typeof events) => {
    const driver = driverOf([]);
    for (const { topic, record } of arrivals) await driver.pipe(topic, [record]);
    await driver.advance(30 * hour);
    const bytes = (topic: string) =>
      driver
        .distinct(topic)
        .map(({ key, value, headers }) => JSON.stringify([key, value?.toString("base64"), headers]));
    const last = new Map(driver.output("driver-positions").map(({ key, value }) => [key, value?.toString("base64")]));
    return { hours: bytes("driver-hours").sort(), jumps: bytes("driver-jumps").sort(), last };
  };
  const oracle = await outcome(events);
  expect(oracle.hours.length).toBeGreaterThan(5);
  expect(oracle.jumps.length).toBeGreaterThan(5);
  expect(oracle.last.size).toBe(3);
  for (const seed of [1, 2, 3]) expect(await outcome(shuffleWithin(events, minute, seed))).toEqual(oracle);
});

test("a death at any effect, or two, changes nothing", async () => {
  const told = (driver: TopologyDriver) =>
    ["driver-positions", "driver-jumps", "driver-hours"].map((topic) =>
      driver.distinct(topic).map(({ key, value, headers }) => [key, value?.toString("base64"), headers]),
    );
  let oracle: unknown;
  const times = await dieEverywhere(
    play,
    (driver, where) => {
      oracle ??= told(driver);
      expect(told(driver), where).toEqual(oracle);
      expect(driver.waiting, where).toBe(0);
      expect(driver.memory("fold-driver-hours").size, where).toBe(0);
    },
    [2],
  );
  expect(times).toBeGreaterThan(100);
});
