import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import { createTopology } from "../../stream/index.ts";
import { createCities } from "../../stream/reference/cities.ts";
import { type Driver, driverOf } from "../../stream/reference/drivers.ts";
import { createHistories, type GrowingHistories } from "../../stream/reference/history.ts";
import { type Vehicle, vehicleOf } from "../../stream/reference/vehicles.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";
import { createTopologyDriver, type TopologyDriver } from "../support/topology-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

let drivers: GrowingHistories<Driver>;
let vehicles: GrowingHistories<Vehicle>;
let driver: TopologyDriver;
beforeEach(() => {
  drivers = createHistories(16);
  vehicles = createHistories(16);
  const cities = createCities();
  cities.set("cty_1", [
    { latitude: 40, longitude: -75 },
    { latitude: 40, longitude: -73 },
    { latitude: 42, longitude: -73 },
    { latitude: 42, longitude: -75 },
  ]);
  driver = createTopologyDriver({ flows: createTopology(schemas, { drivers, vehicles, cities }) });
});

/** What the topology makes of one event; its time is some moment in January when not given. */
async function enriched(type: string, data: Record<string, unknown>, time?: string) {
  const topic = await send(type, schemas.encode(type, data), time);
  const decoded = await schemas.decode(driver.output(`${topic}-enriched`).at(-1)?.value ?? Buffer.alloc(0));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}
/** Pipes the event's bytes through the topology, and gives the topic that it came by. */
async function send(type: string, value: Buffer, time = "2026-01-05T08:00:00Z"): Promise<string> {
  const { topic = "" } = schemas.catalogue.types.get(type) ?? {};
  const headers = envelopeHeaders({ id: "e-1", type, source: "/test", time, receivedAt: 0 });
  await driver.pipe(topic, [{ key: "k", value, headers }]);
  return topic;
}
const inCity = { latitude: 41, longitude: -74 };
const location = (driver_id: string, more: Record<string, unknown> = {}, time?: string) =>
  enriched("driver.location", { driver_id, ...inCity, ...more }, time);

describe("joinDriver", () => {
  beforeEach(() => {
    drivers.add("drv_1", 0, driverOf({ rating: 4.8, vehicle_id: "veh_1", home_city_id: "cty_9" }));
    vehicles.add("veh_1", 0, vehicleOf({ vehicle_class: "van" }));
    vehicles.add("veh_2", 0, vehicleOf({ vehicle_class: "comfort" }));
  });

  test("adds the profile, and its vehicle where the event names none", async () => {
    expect(await location("drv_1")).toMatchObject({
      ...{ driver_rating: 4.8, driver_home_city_id: "cty_9", enriched_vehicle_id: "veh_1", vehicle_class: "van" },
      enrichment_missing: [],
    });
  });
  test("the event's own vehicle wins over the profile's", async () => {
    expect(await location("drv_1", { vehicle_id: "veh_2" })).toMatchObject({
      ...{ enriched_vehicle_id: "veh_2", vehicle_class: "comfort" },
    });
  });
  test("a driver without a profile is flagged, and the event goes on", async () => {
    expect(await location("drv_9")).toMatchObject({ driver_rating: null, enrichment_missing: ["driver"] });
  });
  test.each([
    ["2026-01-01T00:00:00Z", 4.1],
    ["2026-03-01T00:00:00Z", 4.1],
    ["2026-03-01T01:59:59.999+02:00", 4.1],
    ["2026-06-01T00:00:00Z", 4.2],
    ["2031-01-01T00:00:00Z", 4.2],
  ])("an event of %s joins the version that was valid then", async (time, rating) => {
    drivers.add("drv_2", Date.UTC(2026, 5), driverOf({ rating: 4.2 }));
    drivers.add("drv_2", Date.UTC(2026, 1), driverOf({ rating: 4.1 }));
    expect(await location("drv_2", {}, time)).toMatchObject({ driver_rating: rating });
  });
  test("an event without a driver misses nothing", async () => {
    const asked = { trip_id: "trp_1", rider_id: "rdr_1", ...inCity };
    expect(await enriched("trip.requested", asked)).toMatchObject({ driver_rating: null, enrichment_missing: [] });
  });
});

describe("joinVehicle", () => {
  beforeEach(() => drivers.add("drv_1", 0, driverOf({})));

  test("adds the vehicle's profile", async () => {
    vehicles.add("veh_1", 0, vehicleOf({ vehicle_id: "veh_1", vehicle_class: "comfort", capacity: 4 }));
    expect(await location("drv_1", { vehicle_id: "veh_1" })).toMatchObject({
      ...{ vehicle_class: "comfort", vehicle_capacity: 4, enrichment_missing: [] },
    });
  });
  test("a vehicle without a profile is flagged and its id is kept", async () => {
    expect(await location("drv_1", { vehicle_id: "veh_9" })).toMatchObject({
      ...{ enriched_vehicle_id: "veh_9", vehicle_class: null, enrichment_missing: ["vehicle"] },
    });
  });
  test("no vehicle is named, nothing is missing", async () => {
    expect(await location("drv_1")).toMatchObject({ enriched_vehicle_id: null, enrichment_missing: [] });
  });
});

describe("locateCell", () => {
  test("adds the cell of resolution 8", async () => {
    const place = { latitude: 37.775938728915946, longitude: -122.41795063018799 };
    expect(await location("drv_9", place)).toMatchObject({ h3_cell: "8828308281fffff" });
  });
  test.each([
    [null, 10],
    [10, null],
    [90.1, 10],
    [10, -180.1],
  ])("a position of %s, %s is flagged", async (latitude, longitude) => {
    const sent = { trip_id: "trp_1", cancelled_by: "rider", latitude, longitude };
    expect(await enriched("trip.cancelled", sent)).toMatchObject({
      ...{ h3_cell: null, city_id: null, enrichment_missing: ["position"] },
    });
  });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "a position of %s becomes a dead letter before any step sees it",
  async (latitude) => {
    const known = Buffer.alloc(8);
    known.writeDoubleLE(inCity.latitude);
    const value = schemas.encode("driver.location", { driver_id: "drv_1", ...inCity });
    value.writeDoubleLE(latitude, value.indexOf(known));
    await send("driver.location", value);
    expect(driver.output("driver-locations-enriched")).toEqual([]);
    expect(driver.turnedAway).toMatchObject([{ step: "readPosition", verdict: "dead-letter" }]);
  },
);

describe("locateCity", () => {
  test("adds the city that holds the position", async () => {
    expect(await location("drv_9")).toMatchObject({ city_id: "cty_1", enrichment_missing: ["driver"] });
  });
  test("a position in no city is flagged", async () => {
    expect(await location("drv_9", { latitude: 43 })).toMatchObject({
      ...{ city_id: null, enrichment_missing: ["driver", "city"] },
    });
  });
});

describe("what is kept of reference data", () => {
  test("absent fields are null, other fields are not kept", () => {
    expect(driverOf({ driver_id: "drv_1", name: "A", rating: null })).toEqual({
      rating: null,
      vehicleId: null,
      homeCityId: null,
    });
    expect(vehicleOf({ vehicle_class: "van", make: "B" })).toEqual({ vehicleClass: "van", capacity: null });
  });
});
