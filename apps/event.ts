/** The kinds of event that the simulated apps post: the ride domain's events and its reference data. */
export type AppEventType =
  | "driver.location"
  | "driver.status"
  | "rider.session"
  | "rider.fare_viewed"
  | "trip.requested"
  | "trip.accepted"
  | "trip.driver_arrived"
  | "trip.started"
  | "trip.completed"
  | "trip.cancelled"
  | "trip.rated"
  | "payment.failed"
  | "safety.sos"
  | "app.error"
  | "driver.profile"
  | "vehicle.profile"
  | "city";

/** One event as an app posts it: CloudEvents 1.0 in structured JSON. `time` is RFC 3339 in UTC with milliseconds. */
export type AppEvent = {
  readonly specversion: "1.0";
  readonly id: string;
  readonly type: AppEventType;
  readonly source: string;
  readonly time: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** An event on its way to the wire: `key` orders it (events of one key arrive in the order in which they were handed over). */
export type KeyedEvent = {
  readonly key: string;
  /** The event's own time, ms since 1970. */
  readonly timeMs: number;
  readonly event: AppEvent;
};

const sources = {
  driver: "/apps/driver/android/7.4.0",
  rider: "/apps/rider/ios/9.2.1",
  office: "/office/reference",
} as const;

/** Which program an event comes from. */
export type Side = keyof typeof sources;

/** Builds one event; `data` must have no undefined field, for JSON would leave it out without a word. */
export function makeEvent(p: {
  readonly side: Side;
  readonly type: AppEventType;
  readonly id: string;
  readonly timeMs: number;
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}): KeyedEvent {
  return {
    key: p.key,
    timeMs: p.timeMs,
    event: {
      specversion: "1.0",
      id: p.id,
      type: p.type,
      source: sources[p.side],
      time: new Date(p.timeMs).toISOString(),
      subject: p.key,
      data: p.data,
    },
  };
}
