import { metresBetween } from "../geo.ts";
import { between, createRandom, type Random } from "../random.ts";
import type { Trip } from "./trip.ts";

/**
 * When each thing of a trip happens, ms since 1970, and what the two people thought of it. The file knows pickup and
 * drop-off; the minutes before and after are made up, by numbers drawn from the trip's id: the same trip always gets the
 * same plan.
 */
export type TripPlan = {
  readonly trip: Trip;
  readonly tripId: string;
  readonly riderId: string;
  readonly sessionMs: number;
  readonly fareViewedMs: number;
  readonly requestedMs: number;
  readonly acceptedMs: number;
  readonly arrivedMs: number;
  readonly startedMs: number;
  readonly completedMs: number;
  /** Fare that the rider saw before the request, cents. */
  readonly estimateCents: number;
  readonly ratings: readonly { readonly by: "rider" | "driver"; readonly atMs: number; readonly stars: number }[];
  /** How much later than they happened the driver's events arrive, ms; 0 unless the vehicle had no connection. */
  readonly driverDelayMs: number;
  /** How far the way leaves the straight line; see `arc`. */
  readonly bend: number;
};

const minuteMs = 60_000;
const riders = 5_000;
/** Pace of a car in town that a missing drop-off time is made up from. */
const metresASecond = 5;
const riderRatesShare = 0.6;
const driverRatesShare = 0.35;

export function planTrip(trip: Trip): TripPlan {
  const random = randomOf(trip.uuid);
  const seconds = (from: number, to: number) => Math.round(between(random, from, to)) * 1_000;
  const arrivedMs = trip.pickupMs - seconds(5, 180);
  const acceptedMs = arrivedMs - seconds(60, 480);
  const requestedMs = acceptedMs - seconds(3, 40);
  const fareViewedMs = requestedMs - seconds(5, 60);
  const sessionMs = fareViewedMs - seconds(3, 30);
  const completedMs = trip.dropoffMs ?? trip.pickupMs + guessDurationMs(trip);
  const ratings: TripPlan["ratings"][number][] = [];
  const riderStars = stars(random);
  const riderRatedMs = completedMs + seconds(10, 120);
  if (random() < riderRatesShare) ratings.push({ by: "rider", atMs: riderRatedMs, stars: riderStars });
  const driverStars = stars(random);
  const driverRatedMs = riderRatedMs + seconds(1, 60);
  if (random() < driverRatesShare) ratings.push({ by: "driver", atMs: driverRatedMs, stars: driverStars });
  return {
    trip,
    tripId: `trp_${trip.uuid}`,
    riderId: `rdr_${String(Math.floor(random() * riders)).padStart(4, "0")}`,
    sessionMs,
    fareViewedMs,
    requestedMs,
    acceptedMs,
    arrivedMs,
    startedMs: trip.pickupMs,
    completedMs,
    estimateCents: estimate(trip, random),
    ratings,
    driverDelayMs: trip.storedAndForwarded
      ? completedMs - acceptedMs + Math.round(between(random, 5, 90)) * minuteMs
      : 0,
    bend: between(random, -0.2, 0.2),
  };
}

function randomOf(uuid: string): Random {
  const part = (from: number) => Number.parseInt(uuid.slice(from, from + 4), 16);
  return createRandom((part(0) << 16) | part(4), (part(9) << 16) | part(19), (part(24) << 16) | part(28));
}

function guessDurationMs(trip: Trip): number {
  const straight = trip.dropoff === undefined ? undefined : metresBetween(trip.pickup, trip.dropoff);
  const metres = trip.distanceMetres ?? straight;
  return metres === undefined ? 10 * minuteMs : Math.round(Math.max(0, metres) / metresASecond) * 1_000;
}

/** Within a tenth of what the trip came to, in steps of a quarter dollar. */
function estimate(trip: Trip, random: Random): number {
  const cents = trip.fareCents ?? 250 + ((trip.distanceMetres ?? 3_000) / 1_609) * 250;
  return Math.max(0, Math.round((cents * between(random, 0.9, 1.1)) / 25) * 25);
}

/** Most people give five. */
function stars(random: Random): number {
  const chance = random();
  if (chance < 0.72) return 5;
  if (chance < 0.9) return 4;
  if (chance < 0.96) return 3;
  return chance < 0.985 ? 2 : 1;
}
