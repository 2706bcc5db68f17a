import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newYork } from "../../apps/cities.ts";
import { isInside, type Place } from "../../apps/geo.ts";
import { eventsOf, greenHeader, greenRow, playFile, rowsOf, tripFiles } from "./fixtures.ts";

const tripFile = tripFiles();

const minuteMs = 60_000;
const clockText = (minutes: number) => new Date(Date.UTC(2015, 0, 5) + minutes * minuteMs).toISOString().slice(0, 19);

/** Invented trips: minutes after midnight of pickup, length in minutes, whether the vehicle had no connection. */
const someTrips = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 600 }), lasts: fc.integer({ min: -5, max: 90 }), late: fc.boolean() }),
  { minLength: 1, maxLength: 30 },
);
const fileOf = (trips: readonly { at: number; lasts: number; late: boolean }[]) =>
  tripFile([
    greenHeader,
    ...trips.map(({ at, lasts, late }) =>
      greenRow({ pickup: clockText(at), dropoff: clockText(at + lasts), flag: late ? "Y" : "N" }),
    ),
  ]);

describe("one trip", () => {
  const file = tripFile([greenHeader, greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00" })]);

  test("is told by both apps from the session to the rating", async () => {
    const { played, counts } = await playFile(file, { drivers: 1 });
    const types = eventsOf(played).map((event) => event.type);
    const story = types.filter((type, index) => type !== types[index - 1] && type !== "trip.rated");
    expect(story).toEqual([
      "city",
      "vehicle.profile",
      "driver.profile",
      "rider.session",
      "driver.status",
      "rider.fare_viewed",
      "trip.requested",
      "trip.accepted",
      "driver.status",
      "driver.location",
      "trip.driver_arrived",
      "trip.started",
      "driver.status",
      "driver.location",
      "trip.completed",
      "driver.status",
    ]);
    expect(counts).toMatchObject({ rows: 1, trips: 1, begun: 1, reference: 3, outOfOrder: 0 });
  });

  test("has the file's facts in the pipeline's units", async () => {
    const events = eventsOf((await playFile(file)).played);
    expect(events.find((event) => event.type === "trip.started")).toMatchObject({ time: "2015-01-05T15:00:00.000Z" });
    expect(events.find((event) => event.type === "trip.completed")).toMatchObject({
      time: "2015-01-05T15:10:00.000Z",
      data: {
        distance: 2_414,
        duration_seconds: 600,
        fare_amount: 980,
        fare_currency: "USD",
        latitude: 40.72,
        longitude: -73.93,
        stored_and_forwarded: false,
      },
    });
  });

  test("keeps an id for one time, even when another interval is asked for", async () => {
    const ids = async (locationIntervalMs: number) =>
      new Map((await playFile(file, { locationIntervalMs })).played.map(({ keyed }) => [keyed.event.id, keyed.timeMs]));
    const often = await ids(5_000);
    const seldom = await ids(20_000);
    const shared = [...often].filter(([id]) => seldom.has(id));
    expect(shared.length).toBeGreaterThan(10);
    for (const [id, timeMs] of shared) expect(seldom.get(id)).toBe(timeMs);
  });

  test("has a position every interval, and at most as many as allowed", async () => {
    const onTrip = async (maxLocations: number) => {
      const events = eventsOf((await playFile(file, { maxLocations })).played);
      const started = events.findIndex((event) => event.type === "trip.started");
      return events.slice(started).filter((event) => event.type === "driver.location").length;
    };
    expect(await onTrip(240)).toBe(600 / 15);
    expect(await onTrip(10)).toBe(10);
  });
});

test("a day-long trip keeps its length and has its positions farther apart", async () => {
  const file = tripFile([greenHeader, greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-06 09:50:00" })]);
  const events = eventsOf((await playFile(file)).played);
  const way = events.slice(events.findIndex((event) => event.type === "trip.started"));
  expect(way.filter((event) => event.type === "driver.location")).toHaveLength(240);
  expect(way.find((event) => event.type === "trip.completed")?.data.duration_seconds).toBe(23 * 3_600 + 50 * 60);
});

test("a stored-and-forwarded trip: the driver's events arrive after the trip with their own times, the rider's at once", async () => {
  const file = tripFile([
    greenHeader,
    greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00", flag: "Y" }),
  ]);
  const { played, counts } = await playFile(file);
  const trip = played.filter(({ keyed }) => !/city|profile/.test(keyed.event.type));
  const completedMs = Date.UTC(2015, 0, 5, 15, 10);
  const drivers = trip.filter(({ keyed }) => keyed.event.source.startsWith("/apps/driver/"));
  const riders = trip.filter(({ keyed }) => keyed.event.source.startsWith("/apps/rider/"));
  expect(counts.storedAndForwarded).toBe(1);
  expect(drivers.length).toBeGreaterThan(40);
  expect(Math.min(...drivers.map((one) => one.postAtMs))).toBeGreaterThan(completedMs);
  expect(drivers.find(({ keyed }) => keyed.event.type === "trip.completed")?.keyed).toMatchObject({
    timeMs: completedMs,
    event: { data: { stored_and_forwarded: true } },
  });
  expect(riders.every((one) => one.postAtMs === one.keyed.timeMs)).toBe(true);
});

test("any trips: in the order of arrival, distinct ids, the same on each replay, and no driver in two trips at once", async () => {
  await fc.assert(
    fc.asyncProperty(someTrips, async (trips) => {
      const file = fileOf(trips);
      const { played, counts } = await playFile(file);
      const events = eventsOf(played);
      expect(counts.trips).toBe(trips.length);
      expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
      const arrivals = played.map((one) => one.postAtMs);
      expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
      expect((await playFile(file)).played).toEqual(played);

      const busy = new Map<string, string>();
      for (const { type, data } of played
        .map(({ keyed }) => keyed)
        .toSorted((a, b) => a.timeMs - b.timeMs)
        .map((keyed) => keyed.event)) {
        const driver = String(data.driver_id);
        if (type === "trip.accepted") {
          expect(busy.get(driver)).toBeUndefined();
          busy.set(driver, String(data.trip_id));
        }
        if (type === "trip.completed") busy.delete(driver);
      }
    }),
    { numRuns: 25 },
  );
});

test("events without delay are in the order of their times, whatever the order of the rows", async () => {
  await fc.assert(
    fc.asyncProperty(someTrips, async (trips) => {
      const sorted = fileOf(
        trips.toSorted((a, b) => a.at - b.at || a.lasts - b.lasts || Number(a.late) - Number(b.late)),
      );
      expect((await playFile(fileOf(trips))).played).toEqual((await playFile(sorted)).played);
    }),
    { numRuns: 15 },
  );
});

test("a window that is too small plays every trip all the same, and says which came too late", async () => {
  const rows = [300, 200, 100, 0].map((at) => greenRow({ pickup: clockText(at), dropoff: clockText(at + 5) }));
  const { counts } = await playFile(tripFile([greenHeader, ...rows]), { windowRows: 1 });
  expect(counts).toMatchObject({ trips: 4, begun: 4, outOfOrder: 2 });
});

test("a fleet that is too small grows, and the new driver's profile goes before the driver's events", async () => {
  const rows = [0, 1, 2].map((at) => greenRow({ pickup: clockText(at), dropoff: clockText(at + 60) }));
  const { played, counts } = await playFile(tripFile([greenHeader, ...rows]), { drivers: 1 });
  const known = new Set<unknown>();
  for (const { type, data } of eventsOf(played)) {
    if (type === "driver.profile") known.add(data.driver_id);
    else if (data.driver_id !== undefined) expect(known).toContain(data.driver_id);
  }
  expect(known.size).toBe(3);
  expect(counts.reference).toBe(1 + 3 * 2);
});

const realFile = fileURLToPath(new URL("../../../shared/data/nyc-green-trips-2015-01.csv", import.meta.url));

test("all of January's real trips play, from within the city's boundary", async ({ skip }) => {
  if (!existsSync(realFile)) skip("the file with real trips is not there (../shared/data/nyc-green-trips-2015-01.csv)");
  const rows = await rowsOf(realFile);
  expect(rows).toHaveLength(7_172);
  expect(rows.filter((row) => row.trip === undefined)).toEqual([]);
  const pickups = rows.map((row) => row.trip?.pickup).filter((place): place is Place => place !== undefined);
  expect(pickups.filter((place) => !isInside(place, newYork.boundary))).toEqual([]);
  const { counts, played } = await playFile(realFile, { drivers: 100, locationIntervalMs: 120_000 });
  expect(counts).toMatchObject({ rows: 7_172, trips: 7_172, begun: 7_172, storedAndForwarded: 31, outOfOrder: 0 });
  expect(new Set(played.map(({ keyed }) => keyed.event.id)).size).toBe(played.length);
}, 60_000);
