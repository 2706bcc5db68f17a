import type { AppEventType, KeyedEvent } from "../event.ts";
import { between } from "../random.ts";
import { settleRide } from "./ride-end.ts";
import { type CityDriver, driveTo, move, placeNear, type Ride, shareOf, type World } from "./world.ts";

/** One open driver in this many turns goes for a break. */
const turnsBetweenBreaks = 600;

/** What a driver's app posts when its turn comes: where the car is, and whatever has come to pass since the last turn. */
export function driverTurn(world: World, driver: CityDriver, nowMs: number): readonly KeyedEvent[] {
  const { random } = world;
  switch (driver.activity) {
    case "offline":
      if (nowMs < driver.toMs) return [];
      driver.activity = "open";
      wander(world, driver, nowMs);
      return [statusEvent(world, driver, "open", nowMs)];
    case "open":
      if (random() < 1 / turnsBetweenBreaks) {
        driver.activity = "offline";
        driver.toMs = nowMs + between(random, 20_000, 90_000);
        return [statusEvent(world, driver, "offline", nowMs)];
      }
      move(driver, nowMs);
      if (nowMs >= driver.toMs) wander(world, driver, nowMs);
      return [locationEvent(world, driver, nowMs)];
    default:
      return driver.ride === undefined ? [] : rideTurn(world, driver, driver.ride, nowMs);
  }
}

function rideTurn(world: World, driver: CityDriver, ride: Ride, nowMs: number): readonly KeyedEvent[] {
  move(driver, nowMs);
  if (driver.activity !== "on_trip" && nowMs >= ride.cancelAtMs) {
    release(world, driver, nowMs);
    const by = world.random() < 0.8 ? "rider" : "driver";
    const cancelled = rideEvent(world, driver, ride, by, "trip.cancelled", nowMs, {
      cancelled_by: by,
      reason: by === "rider" ? "changed_mind" : "rider_not_found",
    });
    return [cancelled, statusEvent(world, driver, "open", nowMs)];
  }
  if (nowMs < driver.toMs) return driver.activity === "at_pickup" ? [] : [locationEvent(world, driver, nowMs)];

  if (driver.activity === "to_pickup") {
    driver.activity = "at_pickup";
    driver.fromMs = nowMs;
    driver.toMs = nowMs + between(world.random, 4_000, 25_000);
    return [rideEvent(world, driver, ride, "driver", "trip.driver_arrived", nowMs)];
  }
  if (driver.activity === "at_pickup") {
    driver.activity = "on_trip";
    ride.startedMs = nowMs;
    driveTo(world.random, driver, ride.dropoff, nowMs);
    return [
      rideEvent(world, driver, ride, "driver", "trip.started", nowMs),
      statusEvent(world, driver, "on_trip", nowMs),
    ];
  }
  const distance = Math.round(driver.path.metres);
  release(world, driver, nowMs);
  settleRide(world, driver, ride, nowMs);
  return [
    rideEvent(world, driver, ride, "driver", "trip.completed", nowMs, {
      distance,
      duration_seconds: Math.round((nowMs - ride.startedMs) / 1_000),
      fare_amount: ride.fare,
      fare_currency: driver.city.currency,
      stored_and_forwarded: false,
    }),
    statusEvent(world, driver, "open", nowMs),
  ];
}

function release(world: World, driver: CityDriver, nowMs: number): void {
  driver.activity = "open";
  driver.ride = undefined;
  wander(world, driver, nowMs);
}

function wander(world: World, driver: CityDriver, nowMs: number): void {
  driveTo(world.random, driver, placeNear(world.random, driver.city, driver.place, 900), nowMs);
}

/** The driver's app says what the driver is doing. */
export function statusEvent(
  world: World,
  driver: CityDriver,
  status: "offline" | "open" | "dispatched" | "on_trip",
  nowMs: number,
): KeyedEvent {
  return world.event("driver", "driver.status", nowMs, driver.driverId, {
    driver_id: driver.driverId,
    status,
    ...driver.place,
    vehicle_id: driver.vehicleId,
  });
}

function locationEvent(world: World, driver: CityDriver, nowMs: number): KeyedEvent {
  const seconds = Math.max(1, (driver.toMs - driver.fromMs) / 1_000);
  return world.event("driver", "driver.location", nowMs, driver.driverId, {
    driver_id: driver.driverId,
    ...driver.place,
    heading_degrees: Math.round(driver.path.headingAt(shareOf(driver, nowMs))) % 360,
    speed: Math.round((driver.path.metres / seconds) * 10) / 10,
    accuracy: Math.round(between(world.random, 3, 15)),
    ...(driver.ride === undefined ? {} : { trip_id: driver.ride.tripId }),
    vehicle_id: driver.vehicleId,
  });
}

/** Something happened to a ride, where the driver is. */
export function rideEvent(
  world: World,
  driver: CityDriver,
  ride: Ride,
  side: "driver" | "rider",
  type: AppEventType,
  nowMs: number,
  more: Readonly<Record<string, unknown>> = {},
): KeyedEvent {
  const vehicle = type === "trip.cancelled" ? {} : { vehicle_id: driver.vehicleId };
  return world.event(side, type, nowMs, ride.tripId, {
    trip_id: ride.tripId,
    driver_id: driver.driverId,
    rider_id: ride.riderId,
    ...vehicle,
    ...driver.place,
    ...more,
  });
}
