import type { ToldTrip, TripRules } from "../../../stream/trips/fold-trip.ts";
import type { ArrivedPosition, ArrivedTripEvent, TripStage } from "../../../stream/trips/trip-event.ts";

export const minute = 60_000;
export const rules: TripRules = { settleMs: minute, stuckMs: 6 * 60 * minute, keepMs: 48 * 60 * minute };
/** For tests on the real stack, where time goes on by the clock in the end. */
export const quickRules = { settleMs: 2_000, stuckMs: 6 * 60 * minute, keepMs: 48 * 60 * minute, latenessMs: 2_000 };
export const start = Date.UTC(2026, 0, 5, 8);

let sequence = 0;
/** An event of a trip, `at` ms after the start of the test's day. */
export function tripEvent(
  tripId: string,
  stage: TripStage,
  at: number,
  data: ArrivedTripEvent["data"] = {},
): ArrivedTripEvent {
  const id = `${tripId}-${stage}-${++sequence}`;
  return { id, tripId, stage, timeMs: start + at, receivedAt: start + at + 200, data };
}

/** A trip from request to completion and rating. */
export function wholeTrip(tripId: string, at: number): ArrivedTripEvent[] {
  return [
    tripEvent(tripId, "requested", at, { rider_id: "rdr_1", city_id: "cty_nyc", h3_cell: "882a100d2dfffff" }),
    tripEvent(tripId, "accepted", at + minute, { driver_id: "drv_1", vehicle_id: "veh_1" }),
    tripEvent(tripId, "driver_arrived", at + 4 * minute, { driver_id: "drv_1" }),
    tripEvent(tripId, "started", at + 5 * minute, { driver_id: "drv_1", h3_cell: "882a100d65fffff" }),
    tripEvent(tripId, "completed", at + 25 * minute, {
      ...{ driver_id: "drv_1", distance: 7_400.5, fare_amount: 2450, fare_currency: "USD" },
      h3_cell: "882a1072b5fffff",
    }),
    tripEvent(tripId, "rated", at + 40 * minute, { rated_by: "rider", rating: 5 }),
  ];
}

/** A position on a trip, `at` ms after the start of the test's day, `metres` north of a place in New York. */
export function position(tripId: string, at: number, metres: number, driverId = "drv_1"): ArrivedPosition {
  const latitudeE7 = 407_000_000 + Math.round((metres / 111_194.9) * 1e7);
  return { stage: "position", tripId, driverId, timeMs: start + at, latitudeE7, longitudeE7: -740_000_000 };
}

/** Of each trip the account with the highest revision. */
export function newest(told: readonly ToldTrip[]): ReadonlyMap<string, ToldTrip> {
  return new Map(told.map((one) => [one.tripId, one]));
}
