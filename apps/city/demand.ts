import { cities } from "../cities.ts";
import type { KeyedEvent } from "../event.ts";
import { metresBetween, type Place } from "../geo.ts";
import { between, pick } from "../random.ts";
import { rideEvent, statusEvent } from "./driver-turn.ts";
import { type CityDriver, driveTo, placeNear, type Ride, someRider, type World } from "./world.ts";

const requestShare = 0.5;
const cancelShare = 0.06;
/** Nobody waits for a car from farther away. */
const maxPickupMetres = 2_000;

/**
 * A rider opens the app near some driver's neighbourhood and looks at the price; every second one takes it. The request goes
 * to the nearest open driver; without one, the system gives up half a minute later.
 */
export function riderAppears(world: World, nowMs: number): readonly KeyedEvent[] {
  const { random } = world;
  // As many riders where there are many drivers: the fleet went where the people are.
  const local = world.drivers[Math.floor(random() * world.drivers.length)];
  const city = local?.city ?? cities[0];
  const pickup = placeNear(random, city, local?.place ?? city.centre, between(random, 50, 500));
  const dropoff = placeNear(random, city, pickup, 300 + random() * random() * 5_000);
  const riderId = someRider(world);
  const product = pick(random, ["standard", "standard", "green", "xl"]);
  const surge = random() < 0.8 ? 1 : Math.round(between(random, 1.1, 2) * 10) / 10;
  const fare = Math.round((250 + metresBetween(pickup, dropoff) * 0.22) * surge);
  const session = { rider_id: riderId, session_id: `ses_${world.newId()}`, ...pickup };
  const goal = { dropoff_latitude: dropoff.latitude, dropoff_longitude: dropoff.longitude };

  const events = [
    world.event("rider", "rider.session", nowMs, riderId, { ...session, app_version: "9.2.1", platform: "ios" }),
    world.event("rider", "rider.fare_viewed", nowMs, riderId, {
      ...session,
      ...goal,
      product,
      fare_amount: fare,
      fare_currency: city.currency,
      surge_multiplier: surge,
    }),
  ];
  if (random() >= requestShare) return events;

  const ride: Ride = {
    tripId: `trp_${world.newId()}`,
    riderId,
    pickup,
    dropoff,
    product,
    fare,
    cancelAtMs: random() < cancelShare ? nowMs + between(random, 5_000, 90_000) : Number.POSITIVE_INFINITY,
    startedMs: nowMs,
  };
  events.push(
    world.event("rider", "trip.requested", nowMs, ride.tripId, {
      trip_id: ride.tripId,
      rider_id: riderId,
      ...pickup,
      ...goal,
      product,
      passenger_count: random() < 0.7 ? 1 : 2,
      fare_estimate_amount: fare,
      fare_currency: city.currency,
    }),
  );
  const delayMs = between(random, 1_000, 6_000);
  world.agenda.push({ dueMs: nowMs + delayMs, act: (dueMs) => dispatch(world, ride, dueMs) });
  return events;
}

function dispatch(world: World, ride: Ride, nowMs: number): readonly KeyedEvent[] {
  const driver = nearestOpen(world.drivers, ride.pickup);
  if (driver === undefined) {
    const give = (dueMs: number) => [
      world.event("rider", "trip.cancelled", dueMs, ride.tripId, {
        trip_id: ride.tripId,
        rider_id: ride.riderId,
        cancelled_by: "system",
        reason: "no_driver",
        ...ride.pickup,
      }),
    ];
    world.agenda.push({ dueMs: nowMs + 30_000, act: give });
    return [];
  }
  driver.activity = "to_pickup";
  driver.ride = ride;
  driveTo(world.random, driver, ride.pickup, nowMs);
  const etaSeconds = Math.round((driver.toMs - nowMs) / 1_000);
  return [
    rideEvent(world, driver, ride, "driver", "trip.accepted", nowMs, { eta_seconds: etaSeconds }),
    statusEvent(world, driver, "dispatched", nowMs),
  ];
}

function nearestOpen(drivers: readonly CityDriver[], place: Place): CityDriver | undefined {
  let best: CityDriver | undefined;
  let bestMetres = maxPickupMetres;
  for (const driver of drivers) {
    if (driver.activity !== "open") continue;
    const metres = metresBetween(driver.place, place);
    if (metres < bestMetres) {
      best = driver;
      bestMetres = metres;
    }
  }
  return best;
}
