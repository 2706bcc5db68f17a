import type { TripEvent, TripStage } from "./trip-event.ts";
import { type Leg, noPath, type PathMemory, type Place, pathOf } from "./trip-path.ts";

/** The data of the event type `trip` but for its revision. */
export type TripAccount = ReturnType<typeof accountOf>;

const stagesOf = {
  completed: ["requested", "accepted", "driver_arrived", "started"],
  // Before a cancellation anything may be missing but the request.
  cancelled: ["requested"],
  stuck: ["requested"],
} as const satisfies Record<string, readonly TripStage[]>;

/** What is known of a trip besides its events. */
export type Surroundings = {
  /** The positions that each driver's app reported; those up to `untilMs` count. */
  readonly paths: Readonly<Record<string, PathMemory>>;
  readonly untilMs: number;
  /** When something was last heard of it. */
  readonly heardMs: number;
};

/** What the events of one trip come to. @param events in the order of their time, at least one */
export function accountOf(events: readonly TripEvent[], { paths, untilMs, heardMs }: Surroundings) {
  const of = (stage: TripStage) => events.find((event) => event.stage === stage);
  const requested = of("requested");
  const accepted = of("accepted");
  const arrived = of("driver_arrived");
  const started = of("started");
  const completed = of("completed");
  const cancelled = of("cancelled");
  const text = (name: string, ...sources: readonly (TripEvent | undefined)[]) =>
    (sources.find((event) => event?.data[name] !== undefined)?.data[name] as string | undefined) ?? null;
  const number = (name: string, source: TripEvent | undefined) => (source?.data[name] as number | undefined) ?? null;
  const rating = (by: string) =>
    number(
      "rating",
      events.find((event) => event.stage === "rated" && event.data.rated_by === by),
    );
  const leg = legOf(events);
  const path = pathOf(paths[leg?.driverId ?? ""] ?? noPath, leg, untilMs);
  const status = completed !== undefined ? "completed" : cancelled !== undefined ? "cancelled" : "stuck";
  return {
    status,
    missing: stagesOf[status].filter((stage) => of(stage) === undefined),
    rider_id: text("rider_id", requested, ...events),
    driver_id: text("driver_id", completed, started, arrived, accepted, ...events),
    vehicle_id: text("vehicle_id", completed, started, arrived, accepted) ?? text("enriched_vehicle_id", ...events),
    city_id: text("city_id", requested, started),
    requested_at: requested?.timeMs ?? null,
    accepted_at: accepted?.timeMs ?? null,
    driver_arrived_at: arrived?.timeMs ?? null,
    started_at: started?.timeMs ?? null,
    completed_at: completed?.timeMs ?? null,
    cancelled_at: cancelled?.timeMs ?? null,
    waiting_seconds: secondsBetween(requested, started),
    pickup_seconds: secondsBetween(accepted, arrived),
    travel_seconds: secondsBetween(started, completed),
    distance: number("distance", completed),
    path_distance: path.metres,
    path_positions: path.positions,
    route_cells: path.cells,
    fare_amount: number("fare_amount", completed),
    fare_currency: text("fare_currency", completed),
    pickup_cell: text("h3_cell", started, requested),
    dropoff_cell: text("h3_cell", completed),
    cancelled_by: text("cancelled_by", cancelled),
    cancel_reason: text("reason", cancelled),
    rider_rating: rating("rider"),
    driver_rating: rating("driver"),
    stored_and_forwarded: completed?.data.stored_and_forwarded === true,
    ended_at: (completed ?? cancelled)?.timeMs ?? heardMs,
  };
}

function secondsBetween(from: TripEvent | undefined, to: TripEvent | undefined): number | null {
  return from === undefined || to === undefined ? null : (to.timeMs - from.timeMs) / 1_000;
}

/** The way with the rider aboard, and whose; undefined without an event of its start. */
export function legOf(events: readonly TripEvent[]): (Leg & { readonly driverId: string }) | undefined {
  const started = events.find(({ stage }) => stage === "started");
  if (started === undefined) return undefined;
  const end = events.find(({ stage }) => stage === "completed") ?? events.find(({ stage }) => stage === "cancelled");
  return {
    driverId: String(started.data.driver_id),
    startMs: started.timeMs,
    startPlace: placeOf(started),
    endMs: end?.timeMs,
    // Where somebody cancelled need not be where the vehicle was.
    endPlace: end?.stage === "completed" ? placeOf(end) : undefined,
  };
}

function placeOf({ data: { latitude, longitude } }: TripEvent): Place | undefined {
  return typeof latitude === "number" && typeof longitude === "number" ? { latitude, longitude } : undefined;
}
