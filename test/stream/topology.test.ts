import fc from "fast-check";
import { latLngToCell } from "h3-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { envelopeHeaders, exampleOf, loadCatalogue, type Schemas } from "../../schemas/index.ts";
import { createTopology } from "../../stream/index.ts";
import { createCities } from "../../stream/reference/cities.ts";
import { type Driver, driverOf } from "../../stream/reference/drivers.ts";
import { createHistories, type GrowingHistories } from "../../stream/reference/history.ts";
import { type Vehicle, vehicleOf } from "../../stream/reference/vehicles.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";

const oldLocationId = 9_001;
const location = loadCatalogue().types.get("driver.location");
const oldLocation = { ...location?.schema, fields: location?.schema.fields.slice(0, 3) };

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas({ [oldLocationId]: oldLocation });
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

let drivers: GrowingHistories<Driver>;
let vehicles: GrowingHistories<Vehicle>;
let driver: ReturnType<typeof createTopologyDriver>;
beforeEach(() => {
  drivers = createHistories(3);
  drivers.add("drv_1", 0, driverOf({ rating: 4.75, vehicle_id: "veh_1", home_city_id: "cty_1" }));
  vehicles = createHistories(3);
  vehicles.add("veh_1", 0, vehicleOf({ vehicle_class: "comfort", capacity: 4 }));
  const cities = createCities();
  cities.set("cty_1", [
    { latitude: 40.5, longitude: -74.5 },
    { latitude: 40.5, longitude: -73.5 },
    { latitude: 41, longitude: -73.5 },
    { latitude: 41, longitude: -74.5 },
  ]);
  driver = createTopologyDriver({ flows: createTopology(schemas, { drivers, vehicles, cities }) });
});

let sequence = 0;
function event(type: string, data: Record<string, unknown>): OutgoingRecord {
  return {
    key: schemas.keyOf(type, data),
    value: schemas.encode(type, data),
    headers: envelopeHeaders({
      id: `event-${++sequence}`,
      type,
      source: "/apps/driver/ios/6.1.2",
      time: "2015-01-31T23:59:59.123+05:00",
      subject: "somebody",
      receivedAt: 1_795_391_562_326,
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }),
  };
}
const here = { latitude: 40.7484, longitude: -73.9857 };
const cell = latLngToCell(here.latitude, here.longitude, 8);

async function enrichedValue(record: OutgoingRecord | undefined): Promise<Record<string, unknown>> {
  const decoded = await schemas.decode(record?.value ?? Buffer.alloc(0));
  if (!decoded.ok) throw new Error(decoded.reason);
  expect(decoded.variant).toBe("enriched");
  return decoded.value;
}

test("events of trips and positions on trips meet in one topic by trip, as they are; other positions do not", async () => {
  const onTrip = event("driver.location", { driver_id: "drv_1", ...here, trip_id: "trp_7" });
  const free = event("driver.location", { driver_id: "drv_1", ...here });
  const requested = event("trip.requested", { trip_id: "trp_7", rider_id: "rdr_1", ...here });
  await driver.pipe("driver-locations", [onTrip, free, onTrip]);
  await driver.pipe("trip-events", [requested]);
  const [positions, events] = [driver.output("driver-locations-enriched"), driver.output("trip-events-enriched")];
  const signals = driver.output("trip-signals");
  expect(signals.map(({ key }) => String(key))).toEqual(["trp_7", "trp_7", "trp_7"]);
  expect(signals.map(({ value }) => value)).toEqual([positions[0]?.value, positions[2]?.value, events[0]?.value]);
  expect(signals.map(({ partition }) => partition)).toEqual([undefined, undefined, undefined]);
  expect(driver.turnedAway).toEqual([]);
});

describe("enrichment", () => {
  test("a location gets driver, vehicle, cell and city; key, headers and partition stay as they are", async () => {
    const data = { driver_id: "drv_1", ...here, speed: 8.5 };
    const sent = event("driver.location", data);
    await driver.pipe("driver-locations", [sent], 4);
    const [enriched] = driver.output("driver-locations-enriched");
    expect(await enrichedValue(enriched)).toMatchObject({
      ...data,
      city_id: "cty_1",
      h3_cell: cell,
      driver_rating: 4.75,
      driver_home_city_id: "cty_1",
      enriched_vehicle_id: "veh_1",
      vehicle_class: "comfort",
      vehicle_capacity: 4,
      enrichment_missing: [],
    });
    expect(enriched?.partition).toBe(4);
    expect(String(enriched?.key)).toBe("drv_1");
    const headers = Object.fromEntries(
      Object.entries(enriched?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(headers).toEqual(sent.headers);
  });

  test("what is missing is flagged, and joined as soon as it is known", async () => {
    const sent = event("driver.location", { driver_id: "drv_2", vehicle_id: "veh_2", latitude: 10, longitude: 10 });
    await driver.pipe("driver-locations", [sent]);
    drivers.add("drv_2", 0, driverOf({ rating: 5, vehicle_id: "veh_1" }));
    vehicles.add("veh_2", 0, vehicleOf({ vehicle_class: "van" }));
    await driver.pipe("driver-locations", [sent]);
    const [before, after] = driver.output("driver-locations-enriched");
    expect(await enrichedValue(before)).toMatchObject({
      driver_rating: null,
      enriched_vehicle_id: "veh_2",
      vehicle_class: null,
      city_id: null,
      enrichment_missing: ["driver", "vehicle", "city"],
    });
    expect(await enrichedValue(after)).toMatchObject({
      driver_rating: 5,
      enriched_vehicle_id: "veh_2",
      vehicle_class: "van",
      enrichment_missing: ["city"],
    });
  });

  test("every trip event goes to the enriched topic, in order, each under its own schema", async () => {
    const trips = [...schemas.catalogue.types.values()].filter((type) => type.topic === "trip-events");
    expect(trips.length).toBeGreaterThanOrEqual(7);
    const sent = trips.map((type) => ({ type, data: exampleOf(type) }));
    await driver.pipe(
      "trip-events",
      sent.map(({ type, data }) => event(type.name, data)),
    );
    const enriched = driver.output("trip-events-enriched");
    expect(enriched.map(({ headers }) => String((headers as Record<string, Buffer>).ce_type))).toEqual(
      trips.map(({ name }) => name),
    );
    for (const [i, { type, data }] of sent.entries()) {
      const base = await schemas.decode(schemas.encode(type.name, data));
      const value = await enrichedValue(enriched[i]);
      expect(value).toMatchObject(base.ok ? base.value : {});
      expect(Object.keys(value)).toEqual(type.enriched?.fields.map(({ name }) => name));
    }
  });

  test("a trip event without driver and position says so", async () => {
    const data = { trip_id: "trp_1", rider_id: "rdr_1", cancelled_by: "rider" };
    await driver.pipe("trip-events", [event("trip.cancelled", data)]);
    expect(await enrichedValue(driver.output("trip-events-enriched")[0])).toMatchObject({
      h3_cell: null,
      city_id: null,
      enrichment_missing: ["position"],
    });
  });

  test("an event of an older version becomes an enriched event of our version", async () => {
    const { value } = event("driver.location", { driver_id: "drv_1", ...here });
    const old = Buffer.from(value?.subarray(0, 5 + 6 + 16) ?? []);
    old.writeInt32BE(oldLocationId, 1);
    const { headers = {} } = event("driver.location", { driver_id: "drv_1", ...here });
    for (const round of [1, 2]) {
      await driver.pipe("driver-locations", [{ key: "drv_1", value: old, headers }]);
      const record = driver.output("driver-locations-enriched")[round - 1];
      expect(await enrichedValue(record)).toMatchObject({ driver_id: "drv_1", ...here, speed: null, h3_cell: cell });
      expect(record?.value?.readInt32BE(1)).toBe(schemas.schemaIdOf("driver.location", "enriched"));
    }
  });

  test("the same records give the same bytes", async () => {
    const sent = [
      event("driver.location", { driver_id: "drv_1", ...here }),
      event("driver.location", { driver_id: "x", ...here }),
    ];
    await driver.pipe("driver-locations", [...sent, ...sent]);
    const all = driver.output("driver-locations-enriched");
    expect(all).toHaveLength(4);
    expect(all.slice(2)).toEqual(all.slice(0, 2));
  });

  test("any valid position is enriched like a plain computation of it", async () => {
    const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true });
    await fc.assert(
      fc.asyncProperty(degrees(90), degrees(180), fc.string(), async (latitude, longitude, id) => {
        const before = driver.output("driver-locations-enriched").length;
        await driver.pipe("driver-locations", [
          event("driver.location", { driver_id: `drv_${id}`, latitude, longitude }),
        ]);
        const value = await enrichedValue(driver.output("driver-locations-enriched")[before]);
        const inCity = latitude >= 40.5 && latitude < 41 && longitude >= -74.5 && longitude < -73.5;
        expect(value).toMatchObject({
          driver_id: `drv_${id}`,
          latitude,
          longitude,
          h3_cell: latLngToCell(latitude, longitude, 8),
          city_id: inCity ? "cty_1" : null,
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe("records that cannot be enriched", () => {
  const good = () => event("driver.location", { driver_id: "drv_1", ...here });
  const with_ = (change: Partial<OutgoingRecord>): OutgoingRecord => ({ ...good(), ...change });

  test.each([
    ["not framed", () => with_({ value: Buffer.from("hello") }), "record_framing_invalid"],
    ["too short", () => with_({ value: Buffer.from([0, 0]) }), "record_framing_invalid"],
    ["without a value", () => with_({ value: null }), "record_framing_invalid"],
    ["cut", () => with_({ value: good().value?.subarray(0, 12) ?? null }), "record_bytes_invalid"],
    [
      "longer than its schema",
      () => with_({ value: Buffer.concat([good().value ?? (good().value as never), Buffer.alloc(3)]) }),
      "record_bytes_invalid",
    ],
    [
      "of another topic",
      () => event("driver.status", { driver_id: "drv_1", status: "open" }),
      "stream_event_unexpected",
    ],
    ["without an envelope", () => with_({ headers: { ce_type: "driver.location" } }), "stream_envelope_missing"],
  ])("one %s is a dead letter and those around it go on", async (_name, bad, code) => {
    const letter = bad();
    await driver.pipe("driver-locations", [good(), letter, good()]);
    expect(driver.output("driver-locations-enriched")).toHaveLength(2);
    expect(driver.turnedAway).toEqual([
      { flow: "enrich-driver-locations", step: "readPosition", verdict: "dead-letter", reason: code },
    ]);
    const [kept] = driver.output("dead-letters");
    expect(kept?.value).toEqual(letter.value);
    expect(kept?.headers).toMatchObject({ dl_code: code, dl_topic: "driver-locations", dl_offset: "1" });
  });

  test("a schema that only the registry could know is waited for, not judged", async () => {
    const { value } = good();
    value?.writeInt32BE(77_777, 1);
    await expect(driver.pipe("driver-locations", [with_({ value })])).rejects.toMatchObject({ retryable: true });
  });
});
