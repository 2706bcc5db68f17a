import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { envelopeHeaders, type Schemas } from "../../../schemas/index.ts";
import { createRememberingTopology, createTopology } from "../../../stream/index.ts";
import { createCities } from "../../../stream/reference/cities.ts";
import { type Driver, driverOf } from "../../../stream/reference/drivers.ts";
import { createHistories } from "../../../stream/reference/history.ts";
import { type Vehicle, vehicleOf } from "../../../stream/reference/vehicles.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { createTopologyDriver, dieEverywhere } from "../../support/topology-driver.ts";
import { processorRules } from "../processor-rules.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 8);
const rules = processorRules({ reviseMs: 60 * minute });

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

function world(deaths: readonly number[] = []) {
  const reference = {
    drivers: createHistories<Driver>(4),
    vehicles: createHistories<Vehicle>(4),
    cities: createCities(),
  };
  const driver = createTopologyDriver({
    flows: createTopology(schemas, reference),
    remembering: createRememberingTopology(schemas, reference, rules).filter(
      ({ name }) => name === "revise-enrichment",
    ),
    ...{ deaths, startMs: start, idleMs: 1_000, batchSize: 2 },
  });
  return { driver, reference };
}

function event(id: string, type: string, data: Record<string, unknown>): OutgoingRecord {
  const envelope = { id, type, source: "/test", time: "2026-01-05T07:59:00.000Z", receivedAt: start };
  return { key: schemas.keyOf(type, data), value: schemas.encode(type, data), headers: envelopeHeaders(envelope) };
}
const location = (id: string, driver_id: string) =>
  event(id, "driver.location", { driver_id, latitude: 40.7, longitude: -74 });

/** What an enriched topic says of each event, in order; headers but for the id are the same in all of them. */
async function told(records: readonly OutgoingRecord[]) {
  return Promise.all(
    records.map(async ({ value, headers, key }) => {
      const decoded = await schemas.decode(value ?? Buffer.alloc(0));
      if (!decoded.ok) throw new Error(decoded.reason);
      const { driver_rating, vehicle_class, enrichment_missing, enrichment_revision } = decoded.value;
      const texts = Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]));
      expect(texts).toMatchObject({ ce_time: "2026-01-05T07:59:00.000Z", ce_type: decoded.type.name });
      expect(texts.waits_for).toBeUndefined();
      return [texts.ce_id, String(key), enrichment_revision, driver_rating, vehicle_class, enrichment_missing];
    }),
  );
}

test("an event goes out flagged, and again under its id when the profile and then the vehicle's are there", async () => {
  const { driver, reference } = world();
  reference.drivers.add("drv_1", 0, driverOf({ rating: 4.5 }));
  await driver.pipe("driver-locations", [location("e1", "drv_1"), location("e2", "drv_2")]);
  await driver.pipe("trip-events", [event("e3", "trip.accepted", { trip_id: "trp_1", driver_id: "drv_2" })]);
  const locations = () => told(driver.output("driver-locations-enriched"));
  const flagged = ["e2", "drv_2", 0, null, null, ["driver", "city"]];
  expect(await locations()).toEqual([["e1", "drv_1", 0, 4.5, null, ["city"]], flagged]);
  await driver.advance(3_000);
  expect(await locations()).toHaveLength(2);

  reference.drivers.add("drv_2", start, driverOf({ rating: 4.9, vehicle_id: "veh_2" }));
  await driver.advance(10_000);
  const once = ["e2", "drv_2", 1, 4.9, null, ["vehicle", "city"]];
  expect((await locations()).slice(1)).toEqual([flagged, once]);
  reference.vehicles.add("veh_2", start, vehicleOf({ vehicle_class: "van" }));
  await driver.advance(20_000);
  expect((await locations()).slice(1)).toEqual([flagged, once, ["e2", "drv_2", 2, 4.9, "van", ["city"]]]);
  expect(await told(driver.output("trip-events-enriched"))).toEqual([
    ["e3", "trp_1", 0, null, null, ["driver", "position"]],
    ["e3", "trp_1", 1, 4.9, null, ["vehicle", "position"]],
    ["e3", "trp_1", 2, 4.9, "van", ["position"]],
  ]);
  expect(driver.memory("revise-enrichment").size).toBe(0);
  expect(driver.turnedAway).toEqual([]);
});

test("a profile that does not come within the limit is given up", async () => {
  const { driver, reference } = world();
  await driver.pipe("driver-locations", [location("e1", "drv_1")]);
  await driver.advance(59 * minute);
  expect(driver.memory("revise-enrichment").size).toBe(1);
  await driver.advance(10 * minute);
  expect(driver.memory("revise-enrichment").size).toBe(0);
  reference.drivers.add("drv_1", 0, driverOf({ rating: 5 }));
  await driver.advance(10 * minute);
  expect(driver.output("driver-locations-enriched")).toHaveLength(1);
});

test("bytes that cannot be read any more are forgotten; a record that does not say what it waits for is a dead letter", async () => {
  const { driver, reference } = world();
  const bad = location("e1", "drv_1");
  const awaiting = { ...bad, headers: { ...bad.headers, waits_for: "driver drv_1" } };
  await driver.pipe("enrichment-waiting", [bad, { ...awaiting, value: Buffer.from([0, 0, 0, 0, 1, 255]) }]);
  expect(driver.turnedAway).toMatchObject([{ step: "readWaiting", verdict: "dead-letter" }]);
  reference.drivers.add("drv_1", 0, driverOf({}));
  await driver.advance(10_000);
  expect(driver.memory("revise-enrichment").size).toBe(0);
  expect(driver.output("driver-locations-enriched")).toEqual([]);
});

test("a death at any effect changes nothing: each event has the same bytes under each revision, and none is left out", async () => {
  const bytesOf = (records: readonly OutgoingRecord[]) =>
    new Set(
      records.map(
        ({ key, value, headers }) => `${(headers as Record<string, string>).ce_id} ${key} ${value?.toString("base64")}`,
      ),
    );
  let oracle: Set<string> | undefined;
  const times = await dieEverywhere(
    async (deaths) => {
      const { driver, reference } = world(deaths);
      reference.drivers.add("drv_1", 0, driverOf({ rating: 4.5 }));
      await driver.pipe("driver-locations", [
        location("e1", "drv_2"),
        location("e2", "drv_1"),
        location("e3", "drv_3"),
      ]);
      await driver.advance(2_000);
      reference.drivers.add("drv_2", 0, driverOf({ rating: 4, vehicle_id: "veh_2" }));
      await driver.advance(60_000);
      reference.vehicles.add("veh_2", 0, vehicleOf({ vehicle_class: "van" }));
      reference.drivers.add("drv_3", 0, driverOf({ rating: 3 }));
      await driver.advance(10 * minute);
      await driver.advance(10 * minute);
      return driver;
    },
    (driver, where) => {
      const bytes = bytesOf(driver.output("driver-locations-enriched"));
      oracle ??= bytes;
      expect(bytes, where).toEqual(oracle);
      expect(driver.memory("revise-enrichment").size, where).toBe(0);
      expect(driver.waiting, where).toBe(0);
    },
    [1, 4],
  );
  expect(oracle?.size).toBe(3 + 2 + 1);
  expect(times).toBeGreaterThan(100);
});
