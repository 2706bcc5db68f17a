import type { KeyedEvent } from "../event.ts";
import { between, pick } from "../random.ts";
import type { CityDriver, Ride, World } from "./world.ts";

const riderRatesShare = 0.6;
const driverRatesShare = 0.35;
const paymentFailsShare = 0.02;

/** What follows a completed ride: ratings within a minute and, now and then, a card that is refused. */
export function settleRide(world: World, driver: CityDriver, ride: Ride, nowMs: number): void {
  const later = (secondsFrom: number, secondsTo: number, act: (dueMs: number) => readonly KeyedEvent[]) =>
    world.agenda.push({ dueMs: nowMs + between(world.random, secondsFrom, secondsTo) * 1_000, act });
  const { random } = world;
  if (random() < paymentFailsShare) {
    const payment = {
      payment_id: `pay_${world.newId()}`,
      trip_id: ride.tripId,
      rider_id: ride.riderId,
      amount: ride.fare,
      currency: driver.city.currency,
      method: "card",
      failure_code: pick(random, ["card_declined", "expired_card", "insufficient_funds"]),
      attempt: 1,
    };
    later(1, 4, (dueMs) => [world.event("rider", "payment.failed", dueMs, ride.tripId, payment)]);
  }
  const rated = (by: "rider" | "driver") => (dueMs: number) => [
    world.event(by, "trip.rated", dueMs, ride.tripId, {
      trip_id: ride.tripId,
      rated_by: by,
      rating: random() < 0.75 ? 5 : 1 + Math.floor(random() * 5),
      rider_id: ride.riderId,
      driver_id: driver.driverId,
    }),
  ];
  if (random() < riderRatesShare) later(5, 60, rated("rider"));
  if (random() < driverRatesShare) later(5, 60, rated("driver"));
}
