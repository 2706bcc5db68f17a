import { v5 as uuidV5 } from "uuid";
import { type AppEventType, type KeyedEvent, makeEvent } from "../event.ts";
import {
  arc,
  headingBetween,
  metresBetween,
  type Path,
  type Place,
  placeAt,
  roundDegrees,
  roundPlace,
} from "../geo.ts";
import type { Assignment } from "./fleet.ts";
import type { TripPlan } from "./trip-plan.ts";

export type TripEventsOptions = {
  /** Between two positions that the driver's app posts, ms. */
  readonly locationIntervalMs: number;
  /** Most positions on the way to the rider, and most on the trip; on a longer one the interval is stretched. */
  readonly maxLocations: number;
};

/** Which app posted an event; the driver's app may have been without a connection. */
export type PostedEvent = KeyedEvent & { readonly by: "rider" | "driver" };

const approachMetresASecond = 6;

/**
 * The events that both apps would have posted for one trip, in the order of their times, ties in the order in which they
 * must be told. Ids are UUIDv5 of the trip's id, the type, a running number and the time: the same on every replay, and never
 * the same for two times, which other options (an interval, a time zone) would otherwise make of them.
 */
export function* tripEvents(
  plan: TripPlan,
  assignment: Assignment,
  options: TripEventsOptions,
): Generator<PostedEvent> {
  const { trip, tripId, riderId } = plan;
  const { driverId, vehicleId } = assignment.driver;
  const counts = new Map<AppEventType, number>();
  const event = (
    by: "rider" | "driver",
    type: AppEventType,
    timeMs: number,
    key: string,
    data: object,
  ): PostedEvent => {
    const index = counts.get(type) ?? 0;
    counts.set(type, index + 1);
    const id = uuidV5(`${type}:${index}:${timeMs}`, trip.uuid);
    return { ...makeEvent({ side: by, type, id, timeMs, key, data: data as Record<string, unknown> }), by };
  };
  const status = (timeMs: number, now: "open" | "dispatched" | "on_trip", place?: Place) =>
    event("driver", "driver.status", timeMs, driverId, {
      driver_id: driverId,
      status: now,
      ...place,
      vehicle_id: vehicleId,
    });
  const onTrip = (type: AppEventType, timeMs: number, place: Place | undefined, more: object = {}) =>
    event("driver", type, timeMs, tripId, {
      trip_id: tripId,
      driver_id: driverId,
      rider_id: riderId,
      vehicle_id: vehicleId,
      ...place,
      ...more,
    });
  function* drive(path: Path, fromMs: number, toMs: number, metres: number): Generator<PostedEvent> {
    const lastsMs = toMs - fromMs;
    if (lastsMs <= 0) return;
    const intervalMs = Math.max(options.locationIntervalMs, Math.ceil(lastsMs / options.maxLocations));
    const speed = Math.round((metres / (lastsMs / 1_000)) * 100) / 100;
    for (let ms = 0; ms < lastsMs; ms += intervalMs) {
      const share = ms / lastsMs;
      yield event("driver", "driver.location", fromMs + ms, driverId, {
        driver_id: driverId,
        ...roundPlace(path.at(share)),
        heading_degrees: Math.round(path.headingAt(share)) % 360,
        speed,
        trip_id: tripId,
        vehicle_id: vehicleId,
      });
    }
  }

  const pickup = roundPlace(trip.pickup);
  const dropoff = trip.dropoff === undefined ? undefined : roundPlace(trip.dropoff);
  const sessionId = `ses_${trip.uuid}`;
  const goal =
    dropoff === undefined ? {} : { dropoff_latitude: dropoff.latitude, dropoff_longitude: dropoff.longitude };
  const session = { rider_id: riderId, session_id: sessionId, ...pickup };
  const approach = approachTo(plan, assignment);

  yield event("rider", "rider.session", plan.sessionMs, riderId, { ...session, app_version: "9.2.1", platform: "ios" });
  if (assignment.from === undefined) yield status(plan.sessionMs, "open", roundPlace(approach.at(0)));
  yield event("rider", "rider.fare_viewed", plan.fareViewedMs, riderId, {
    ...session,
    ...goal,
    product: "taxi",
    fare_amount: plan.estimateCents,
    fare_currency: "USD",
  });
  yield event("rider", "trip.requested", plan.requestedMs, tripId, {
    trip_id: tripId,
    rider_id: riderId,
    ...pickup,
    ...goal,
    product: "taxi",
    ...(trip.passengerCount === undefined ? {} : { passenger_count: trip.passengerCount }),
    fare_estimate_amount: plan.estimateCents,
    fare_currency: "USD",
  });
  const etaSeconds = Math.round((plan.arrivedMs - plan.acceptedMs) / 1_000);
  yield onTrip("trip.accepted", plan.acceptedMs, roundPlace(approach.at(0)), { eta_seconds: etaSeconds });
  yield status(plan.acceptedMs, "dispatched", roundPlace(approach.at(0)));
  yield* drive(approach, plan.acceptedMs, plan.arrivedMs, approach.metres);
  yield onTrip("trip.driver_arrived", plan.arrivedMs, pickup);
  yield onTrip("trip.started", plan.startedMs, pickup);
  yield status(plan.startedMs, "on_trip", pickup);
  if (trip.dropoff !== undefined) {
    const way = arc(trip.pickup, trip.dropoff, plan.bend);
    yield* drive(way, plan.startedMs, plan.completedMs, Math.max(0, trip.distanceMetres ?? way.metres));
  }
  yield onTrip("trip.completed", plan.completedMs, dropoff, {
    ...(trip.distanceMetres === undefined ? {} : { distance: trip.distanceMetres }),
    // Only what the file says: a made-up drop-off time gives no duration.
    ...(trip.dropoffMs === undefined ? {} : { duration_seconds: Math.round((trip.dropoffMs - trip.pickupMs) / 1_000) }),
    ...(trip.fareCents === undefined ? {} : { fare_amount: trip.fareCents, fare_currency: "USD" }),
    stored_and_forwarded: trip.storedAndForwarded,
  });
  yield status(plan.completedMs, "open", dropoff);
  for (const rating of plan.ratings) {
    yield event(rating.by, "trip.rated", rating.atMs, tripId, {
      trip_id: tripId,
      rated_by: rating.by,
      rating: rating.stars,
      rider_id: riderId,
      driver_id: driverId,
    });
  }
}

/** From where the driver was, or as near to it as the minutes between acceptance and arrival allow. */
function approachTo(plan: TripPlan, assignment: Assignment): Path {
  const reach = ((plan.arrivedMs - plan.acceptedMs) / 1_000) * approachMetresASecond;
  const pickup = plan.trip.pickup;
  const heading = assignment.from === undefined ? plan.bend * 900 : headingBetween(pickup, assignment.from);
  const metres = assignment.from === undefined ? reach : Math.min(reach, metresBetween(pickup, assignment.from));
  const start = placeAt(pickup, (heading + 360) % 360, metres);
  return arc(
    { latitude: roundDegrees(start.latitude), longitude: roundDegrees(start.longitude) },
    pickup,
    plan.bend / 2,
  );
}
