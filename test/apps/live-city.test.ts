import { describe, expect, test } from "vitest";
import { cities } from "../../apps/cities.ts";
import { createLiveCity } from "../../apps/city/live-city.ts";
import type { KeyedEvent } from "../../apps/event.ts";
import { isInside, metresBetween, type Place } from "../../apps/geo.ts";

const beganMs = Date.UTC(2026, 0, 1, 12);

/** Lets a city live on a clock of the test's own. */
function live(p: { seed: number; seconds: number; rate: number; drivers: number }): KeyedEvent[] {
  let ids = 0;
  const newId = () => `id${ids++}`;
  const city = createLiveCity({ drivers: p.drivers, seed: p.seed, rate: p.rate, nowMs: beganMs, newId });
  const events = [...city.reference(beganMs)];
  for (let token = 0; token < p.seconds * p.rate; token += 1) {
    const event = city.next(beganMs + (token / p.rate) * 1_000);
    if (event !== undefined) events.push(event);
  }
  return events;
}

const hour = live({ seed: 7, seconds: 3_600, rate: 20, drivers: 40 });
const ofType = (type: string) => hour.filter(({ event }) => event.type === type);

test("the same seed tells the same story, another seed another one", () => {
  const few = { seconds: 300, rate: 10, drivers: 10 };
  expect(live({ ...few, seed: 1 })).toEqual(live({ ...few, seed: 1 }));
  expect(live({ ...few, seed: 1 })).not.toEqual(live({ ...few, seed: 2 }));
});

test("an hour has every kind of event, and rare things are rare", () => {
  const types = new Set(hour.map(({ event }) => event.type));
  expect([...types].toSorted()).toEqual(
    [
      "app.error",
      "city",
      "driver.location",
      "driver.profile",
      "driver.status",
      "payment.failed",
      "rider.fare_viewed",
      "rider.session",
      "safety.sos",
      "trip.accepted",
      "trip.cancelled",
      "trip.completed",
      "trip.driver_arrived",
      "trip.rated",
      "trip.requested",
      "trip.started",
      "vehicle.profile",
    ].toSorted(),
  );
  expect(ofType("safety.sos").length).toBeLessThan(60);
  expect(ofType("trip.completed").length).toBeGreaterThan(ofType("payment.failed").length * 5);
});

test("gives one event for almost every token, so the rate holds", () => {
  expect(hour.length).toBeGreaterThan(3_600 * 20 * 0.98);
});

test("a trip runs through its states in order and ends once", () => {
  const order = ["trip.requested", "trip.accepted", "trip.driver_arrived", "trip.started", "trip.completed"];
  const stories = Map.groupBy(
    hour.filter(({ event }) => event.type.startsWith("trip.")),
    ({ event }) => String(event.data.trip_id),
  );
  expect(stories.size).toBeGreaterThan(100);
  for (const story of stories.values()) {
    const types = story.map(({ event }) => event.type);
    const states = types.filter((type) => order.includes(type));
    expect(states).toEqual(order.slice(0, states.length));
    if (types.includes("trip.cancelled")) expect(types.at(-1)).toBe("trip.cancelled");
    if (types.includes("trip.rated")) expect(types).toContain("trip.completed");
  }
});

describe("drivers", () => {
  test("stay in their city and do not jump", () => {
    const paths = Map.groupBy(ofType("driver.location"), ({ key }) => key);
    for (const path of paths.values()) {
      const home = cities.find((city) => isInside(path[0]?.event.data as unknown as Place, city.boundary));
      expect(home).toBeDefined();
      for (const [index, { event, timeMs }] of path.entries()) {
        const before = path[index - 1];
        if (before === undefined) continue;
        const metres = metresBetween(before.event.data as unknown as Place, event.data as unknown as Place);
        expect(metres).toBeLessThan(((timeMs - before.timeMs) / 1_000) * 20 + 5);
      }
    }
  });

  test("have one trip at a time", () => {
    const busy = new Set<string>();
    for (const { event } of hour) {
      const driver = String(event.data.driver_id);
      if (event.type === "trip.accepted") {
        expect(busy.has(driver)).toBe(false);
        busy.add(driver);
      }
      if (event.type === "trip.completed" || event.type === "trip.cancelled") busy.delete(driver);
    }
  });
});

test("each city's centre lies within its boundary", () => {
  for (const city of cities) expect(isInside(city.centre, city.boundary)).toBe(true);
});
