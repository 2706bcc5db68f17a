import { latLngToCell } from "h3-js";
import { describe, expect, test } from "vitest";
import { createCities } from "../../stream/reference/cities.ts";
import { type Driver, driverOf } from "../../stream/reference/drivers.ts";
import { createHistories } from "../../stream/reference/history.ts";
import { type Vehicle, vehicleOf } from "../../stream/reference/vehicles.ts";
import type { Verdict } from "../../stream/step.ts";
import type { Enriching } from "../../stream/steps/enriching.ts";
import { joinDriver } from "../../stream/steps/join-driver.ts";
import { joinVehicle } from "../../stream/steps/join-vehicle.ts";
import { locateCell } from "../../stream/steps/locate-cell.ts";
import { locateCity } from "../../stream/steps/locate-city.ts";

/** The steps neither read nor change what is not named here. */
const untouched = { source: {}, partition: 0, type: {}, body: Buffer.alloc(0) } as unknown as Enriching["event"];
const event = ({ time = "x", ...fields }: Partial<Enriching> & { readonly time?: Buffer | string }): Enriching => ({
  event: { ...untouched, time, timeMs: undefined },
  latitude: null,
  longitude: null,
  driverId: null,
  vehicleId: null,
  driver: null,
  vehicle: null,
  cell: null,
  cityId: null,
  missing: [],
  ...fields,
});
const only = (verdict: Verdict<Enriching>): Enriching => {
  if (verdict.type !== "forward" || verdict.records.length !== 1) throw new Error(`not one record: ${verdict.type}`);
  return verdict.records[0] as Enriching;
};

describe("joinDriver", () => {
  const profile = driverOf({ driver_id: "drv_1", name: "A", rating: 4.8, vehicle_id: "veh_1", home_city_id: "cty_1" });
  const drivers = createHistories<Driver>(16);
  drivers.add("drv_1", 0, profile);
  const step = joinDriver(drivers);

  test("adds the profile, and its vehicle where the event names none", () => {
    const joined = only(step(event({ driverId: "drv_1" })));
    expect(joined).toMatchObject({ driver: profile, vehicleId: "veh_1", missing: [] });
  });
  test("the event's own vehicle wins over the profile's", () => {
    expect(only(step(event({ driverId: "drv_1", vehicleId: "veh_2" }))).vehicleId).toBe("veh_2");
  });
  test("a driver without a profile is flagged, and the event goes on", () => {
    expect(only(step(event({ driverId: "drv_9", missing: ["position"] })))).toMatchObject({
      driver: null,
      missing: ["position", "driver"],
    });
  });
  test.each([
    ["2026-01-01T00:00:00Z", 4.1],
    ["2026-03-01T00:00:00Z", 4.1],
    ["2026-03-01T01:59:59.999+02:00", 4.1],
    ["2026-06-01T00:00:00Z", 4.2],
    ["2031-01-01T00:00:00Z", 4.2],
  ])("an event of %s joins the version that was valid then", (time, rating) => {
    const two = createHistories<Driver>(16);
    two.add("drv_1", Date.UTC(2026, 5), driverOf({ rating: 4.2 }));
    two.add("drv_1", Date.UTC(2026, 1), driverOf({ rating: 4.1 }));
    const joined = only(joinDriver(two)(event({ driverId: "drv_1", time: Buffer.from(time) })));
    expect(joined.driver?.rating).toBe(rating);
  });
  test("an event without a driver misses nothing", () => {
    expect(only(step(event({}))).missing).toEqual([]);
  });
  test("does not change the record it was given", () => {
    const given = Object.freeze(event({ driverId: "drv_9" }));
    Object.freeze(given.missing);
    step(given);
    expect(given.missing).toEqual([]);
  });
});

describe("joinVehicle", () => {
  const vehicle = vehicleOf({ vehicle_id: "veh_1", vehicle_class: "comfort", capacity: 4 });
  const vehicles = createHistories<Vehicle>(16);
  vehicles.add("veh_1", 0, vehicle);
  const step = joinVehicle(vehicles);

  test("adds the vehicle's profile", () => {
    expect(only(step(event({ vehicleId: "veh_1" })))).toMatchObject({ vehicle, missing: [] });
  });
  test("a vehicle without a profile is flagged and its id is kept", () => {
    expect(only(step(event({ vehicleId: "veh_9" })))).toMatchObject({ vehicleId: "veh_9", missing: ["vehicle"] });
  });
  test("no vehicle is named, nothing is missing", () => {
    expect(only(step(event({}))).missing).toEqual([]);
  });
});

describe("locateCell", () => {
  const step = locateCell();

  test("adds the cell of resolution 8", () => {
    expect(only(step(event({ latitude: 37.775938728915946, longitude: -122.41795063018799 }))).cell).toBe(
      "8828308281fffff",
    );
  });
  test.each([
    [null, 10],
    [10, null],
    [Number.NaN, 10],
    [90.1, 10],
    [10, -180.1],
    [10, Number.POSITIVE_INFINITY],
  ])("a position of %s, %s is flagged", (latitude, longitude) => {
    expect(only(step(event({ latitude, longitude })))).toMatchObject({ cell: null, missing: ["position"] });
  });
});

describe("locateCity", () => {
  const cities = createCities();
  cities.set("cty_1", [
    { latitude: 40, longitude: -75 },
    { latitude: 40, longitude: -73 },
    { latitude: 42, longitude: -73 },
    { latitude: 42, longitude: -75 },
  ]);
  const step = locateCity(cities);
  const located = (latitude: number, longitude: number) =>
    event({ latitude, longitude, cell: latLngToCell(latitude, longitude, 8) });

  test("adds the city that holds the position", () => {
    expect(only(step(located(41, -74)))).toMatchObject({ cityId: "cty_1", missing: [] });
  });
  test("a position in no city is flagged", () => {
    expect(only(step(located(43, -74)))).toMatchObject({ cityId: null, missing: ["city"] });
  });
  test("without a position there is no city to miss", () => {
    expect(only(step(event({ missing: ["position"] }))).missing).toEqual(["position"]);
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
