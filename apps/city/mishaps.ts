import type { KeyedEvent } from "../event.ts";
import { pick } from "../random.ts";
import { someRider, type World } from "./world.ts";

const errors = [
  { error_type: "NullPointerException", message: "Attempt to read from a null map marker", at: "MapView.moveMarker" },
  { error_type: "TimeoutError", message: "No answer from the route service in 8000 ms", at: "RouteClient.fetch" },
  { error_type: "OutOfMemoryError", message: "Failed to allocate 12582912 bytes for a bitmap", at: "ImageCache.load" },
] as const;

/** An app of either side fails; one in five times it closes. */
export function appFails(world: World, nowMs: number): readonly KeyedEvent[] {
  const { random } = world;
  const { at, ...error } = pick(random, errors);
  const driver = random() < 0.5 ? world.drivers[Math.floor(random() * world.drivers.length)] : undefined;
  const sessionId = `ses_${world.newId()}`;
  const app = driver === undefined ? "rider" : "driver";
  return [
    world.event(app, "app.error", nowMs, sessionId, {
      session_id: sessionId,
      app,
      app_version: app === "driver" ? "7.4.0" : "9.2.1",
      platform: app === "driver" ? "android" : "ios",
      os_version: app === "driver" ? "15" : "18.2",
      ...error,
      stack: [at, "EventLoop.run", "main"],
      fatal: random() < 0.2,
      user_id: driver?.driverId ?? someRider(world),
    }),
  ];
}

/** Someone on a trip, or a driver without one when there is none, calls for help. */
export function someoneCallsForHelp(world: World, nowMs: number): readonly KeyedEvent[] {
  const start = Math.floor(world.random() * world.drivers.length);
  const inOrder = [...world.drivers.slice(start), ...world.drivers.slice(0, start)];
  const driver = inOrder.find((one) => one.activity === "on_trip") ?? inOrder[0];
  if (driver === undefined) return [];
  const byRider = driver.ride !== undefined && world.random() < 0.7;
  const personId = byRider && driver.ride !== undefined ? driver.ride.riderId : driver.driverId;
  return [
    world.event(byRider ? "rider" : "driver", "safety.sos", nowMs, personId, {
      sos_id: `sos_${world.newId()}`,
      person_id: personId,
      reported_by: byRider ? "rider" : "driver",
      ...(driver.ride === undefined ? {} : { trip_id: driver.ride.tripId }),
      ...driver.place,
    }),
  ];
}
