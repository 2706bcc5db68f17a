import TinyQueue from "tinyqueue";
import type { City } from "../cities.ts";
import { type AppEventType, type KeyedEvent, makeEvent, type Side } from "../event.ts";
import { arc, isInside, type Path, type Place, placeAt, roundPlace } from "../geo.ts";
import { between, type Random } from "../random.ts";

/** A ride from request to rating, as both apps know it. */
export type Ride = {
  readonly tripId: string;
  readonly riderId: string;
  readonly pickup: Place;
  readonly dropoff: Place;
  readonly product: string;
  /** In the city's minor units. */
  readonly fare: number;
  /** When the rider will lose patience, ms; Infinity for almost all. */
  readonly cancelAtMs: number;
  startedMs: number;
};

/** What a driver does now. */
export type Activity = "offline" | "open" | "to_pickup" | "at_pickup" | "on_trip";

export type CityDriver = {
  readonly driverId: string;
  readonly vehicleId: string;
  readonly number: number;
  readonly city: City;
  activity: Activity;
  place: Place;
  /** The way under the wheels: begun at `fromMs`, done at `toMs`. While standing, only `toMs` counts. */
  path: Path;
  fromMs: number;
  toMs: number;
  ride: Ride | undefined;
};

/** Something that will happen at a time. */
export type Appointment = { readonly dueMs: number; readonly act: (nowMs: number) => readonly KeyedEvent[] };

/** Everything that the synthetic city is at one moment. Time comes from outside, chance from the seed. */
export type World = {
  readonly random: Random;
  readonly newId: () => string;
  readonly drivers: readonly CityDriver[];
  readonly riders: number;
  /** The earliest first. */
  readonly agenda: TinyQueue<Appointment>;
  /** Events for one driver's or rider's app. */
  event(
    side: Side,
    type: AppEventType,
    nowMs: number,
    key: string,
    data: Readonly<Record<string, unknown>>,
  ): KeyedEvent;
};

export function createWorld(p: {
  readonly random: Random;
  readonly newId: () => string;
  readonly drivers: readonly CityDriver[];
}): World {
  return {
    ...p,
    riders: p.drivers.length * 20,
    agenda: new TinyQueue<Appointment>([], (a, b) => a.dueMs - b.dueMs),
    event: (side, type, timeMs, key, data) => makeEvent({ side, type, id: p.newId(), timeMs, key, data }),
  };
}

/** Whom the city's riders are; the same number is the same person. */
export function someRider(world: World): string {
  return `rdr_sim_${String(Math.floor(world.random() * world.riders)).padStart(6, "0")}`;
}

/** A place about `metres` away and still in the city; the centre when the edge is all around. */
export function placeNear(random: Random, city: City, from: Place, metres: number): Place {
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const place = placeAt(from, between(random, 0, 360), between(random, 0.5, 1) * metres);
    if (isInside(place, city.boundary)) return roundPlace(place);
  }
  return city.centre;
}

/** Sends a driver on the way. */
export function driveTo(random: Random, driver: CityDriver, goal: Place, nowMs: number): void {
  driver.path = arc(driver.place, goal, between(random, -0.15, 0.15));
  driver.fromMs = nowMs;
  driver.toMs = nowMs + (driver.path.metres / between(random, 7, 13)) * 1_000;
}

/** Moves a driver along the way to where `nowMs` finds them. */
export function move(driver: CityDriver, nowMs: number): void {
  driver.place = roundPlace(driver.path.at(shareOf(driver, nowMs)));
}

/** The share of the way that is behind the driver, 0 to 1. */
export function shareOf(driver: CityDriver, nowMs: number): number {
  const lastsMs = driver.toMs - driver.fromMs;
  return lastsMs <= 0 ? 1 : Math.min(1, Math.max(0, (nowMs - driver.fromMs) / lastsMs));
}
