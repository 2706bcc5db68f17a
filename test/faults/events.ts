import { createRandom, type Random } from "../../apps/random.ts";

/** One event as an app posts it, and what orders it. */
export type AppEvent = {
  readonly key: string;
  readonly body: {
    readonly specversion: "1.0";
    readonly id: string;
    readonly type: string;
    readonly source: string;
    time: string;
    readonly subject: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
};

const place = { latitude: 40.7484, longitude: -73.9857 };
const hour = 3_600_000;

/** The topics that carry the events of an app, and the table of each type. */
export const eventTypes: Readonly<Record<string, string>> = {
  "driver.location": "driver-locations",
  "driver.status": "driver-status",
  "trip.requested": "trip-events",
  "trip.accepted": "trip-events",
  "trip.started": "trip-events",
  "trip.completed": "trip-events",
  "payment.failed": "payments",
  "safety.sos": "safety",
  "app.error": "app-errors",
};

/** The topics into which the stream processor writes events again under their ids. */
export const enrichedTopics = ["driver-locations-enriched", "trip-events-enriched"] as const;

/**
 * What one driver's app has to say, one event after the other, for ever: positions mostly, statuses, whole trips, and now and then trouble. Ids and
 * contents follow from the arguments; the times are of the moment of the call, so that nothing is late that is not meant to be.
 * @param name what ids begin with
 */
export function createApp(name: string, seed: number, number: number): { next(late: boolean): AppEvent } {
  const random = createRandom(seed, number, 0x61707073);
  const driver_id = `drv_${name}`;
  const vehicle_id = `veh_${name}`;
  const rider_id = `rdr_${name}`;
  let serial = 0;
  let trip = 0;
  /** Steps of the trip under way that are still to come. */
  let steps: string[] = [];

  function dataOf(type: string, id: string): readonly [key: string, data: Readonly<Record<string, unknown>>] {
    const trip_id = `trp_${name}_${trip}`;
    const ofTrip = { trip_id, driver_id, rider_id, vehicle_id, ...place };
    if (type === "driver.location") return [driver_id, { driver_id, vehicle_id, ...moved(random), speed: 8 }];
    if (type === "driver.status") return [driver_id, { driver_id, status: "open", ...place, vehicle_id }];
    if (type === "trip.requested") return [trip_id, { trip_id, rider_id, ...place, product: "standard" }];
    if (type === "trip.accepted") return [trip_id, { ...ofTrip, eta_seconds: 240 }];
    if (type === "trip.started") return [trip_id, ofTrip];
    if (type === "trip.completed") return [trip_id, { ...ofTrip, ...ending }];
    if (type === "payment.failed") return [trip_id, { ...payment, payment_id: `pay_${id}`, trip_id, rider_id }];
    if (type === "safety.sos")
      return [rider_id, { ...sos, sos_id: `sos_${id}`, person_id: rider_id, trip_id, ...place }];
    return [`ses_${name}`, { ...trouble, session_id: `ses_${name}`, user_id: rider_id }];
  }

  return {
    next(late) {
      const id = `${name}-${serial++}`;
      const type = nextType();
      const [key, data] = dataOf(type, id);
      const ageMs = late ? 2 * hour + random() * 70 * hour : 0;
      const time = new Date(Date.now() - ageMs).toISOString();
      const source = "/apps/driver/android/7.4.0";
      return { key, body: { specversion: "1.0", id, type, source, time, subject: key, data } };
    },
  };

  function nextType(): string {
    const chance = random();
    if (chance < 0.2) {
      const step = steps.shift();
      if (step !== undefined) return step;
      trip += 1;
      steps = ["trip.accepted", "trip.started", "trip.completed"];
      return "trip.requested";
    }
    if (chance < 0.25) return "driver.status";
    if (chance < 0.253) return "safety.sos";
    if (chance < 0.26) return "payment.failed";
    if (chance < 0.27) return "app.error";
    return "driver.location";
  }
}

const moved = (random: Random) => ({
  latitude: place.latitude + random() / 1_000_000,
  longitude: place.longitude + random() / 1_000_000,
});
const ending = {
  ...{ distance: 9_120.5, duration_seconds: 1_380, fare_amount: 2_450, fare_currency: "USD" },
  stored_and_forwarded: false,
};
const payment = { amount: 2_450, currency: "USD", method: "card", failure_code: "card_declined", attempt: 1 };
const sos = { reported_by: "rider", note: "Please call." };
const trouble = {
  ...{ app: "driver", app_version: "6.1.2", platform: "ios", os_version: "26.1", device_model: "iPhone18,2" },
  ...{ error_type: "TimeoutError", message: "No answer within 10 s", stack: ["at fetchQuote (quote.ts:41)"] },
  fatal: false,
};
