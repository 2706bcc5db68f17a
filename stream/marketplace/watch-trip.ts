import type { Change, RememberingStep } from "../state/remembering-step.ts";
import { drop, forward, type Step } from "../step.ts";
import type { ArrivedTripEvent, TripSignal as ReadTripSignal, TripStage } from "../trips/trip-event.ts";
import type { Place, Signal, TripSignal } from "./signal.ts";

export type TripWatchRules = {
  /** A request that nobody has accepted for this long is unmet. */
  readonly patienceMs: number;
};

/** How long a trip is remembered behind its end, for events that come late; and behind its last event when it has no end. */
const keepEndedMs = 60 * 60_000;
const keepMs = 24 * 60 * 60_000;

/** The earliest event of one stage of a trip. */
type Seen = {
  readonly id: string;
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly place: Place | null;
};

/** What is remembered of a trip: its stages, and which signals were given. */
export type TripWatch = {
  readonly tripId: string;
  readonly seen: { readonly [stage in TripStage]?: Seen };
  readonly told: readonly TripSignal[];
};

/** Of what concerns a trip, its events. */
export const tripEvent: Step<ReadTripSignal, ArrivedTripEvent> = function tripEvent(read) {
  return read.stage === "position" ? drop("position") : forward(read);
};

/**
 * Makes the signals of a trip: each when event time has come to it, so that all that belongs to it is known, whatever the order of
 * arrival. Of several events of one stage the earliest counts.
 */
export function watchTrip({ patienceMs }: TripWatchRules): RememberingStep<ArrivedTripEvent, TripWatch, Signal> {
  return {
    keyOf: ({ tripId }) => tripId,
    timeOf: ({ timeMs }) => timeMs,

    take(known, event): Change<TripWatch, Signal> {
      const before: TripWatch = known ?? { tripId: event.tripId, seen: {}, told: [] };
      const present = before.seen[event.stage];
      if (present !== undefined && !isEarlier(event, present)) return { ...resting(before), emit: [] };
      const { id, timeMs, receivedAt } = event;
      const seen = { ...before.seen, [event.stage]: { id, timeMs, receivedAt, place: placeOf(event) } };
      return { ...resting({ ...before, seen }), emit: [] };
    },

    wake(before, { watermark }) {
      const due = untold(before).filter(({ timeMs }) => timeMs <= watermark);
      if (due.length === 0) return { state: undefined, emit: [] };
      const told = [...before.told, ...due.map(({ kind }) => kind)];
      return { ...resting({ ...before, told }), emit: due.flatMap((one) => signalOf(before, one)) };
    },
  };

  function resting(state: TripWatch): { readonly state: TripWatch; readonly wakeMs: number } {
    const next = untold(state).map(({ timeMs }) => timeMs);
    return { state, wakeMs: next.length > 0 ? Math.min(...next) : forgetAt(state) };
  }

  /** What is to be told of a trip, and when. */
  function untold({ seen, told }: TripWatch): readonly { readonly kind: TripSignal; readonly timeMs: number }[] {
    const { requested, completed, cancelled, driver_arrived: arrived } = seen;
    const all: { kind: TripSignal; timeMs: number }[] = [];
    if (requested !== undefined) {
      const givenUp = Math.min(cancelled?.timeMs ?? Infinity, requested.timeMs + patienceMs);
      all.push({ kind: "requested", timeMs: requested.timeMs });
      all.push({ kind: "unmet", timeMs: Math.max(requested.timeMs, givenUp) });
    }
    if (completed !== undefined) all.push({ kind: "completed", timeMs: completed.timeMs });
    if (cancelled !== undefined) all.push({ kind: "cancelled", timeMs: cancelled.timeMs });
    if (arrived !== undefined) all.push({ kind: "pickup", timeMs: arrived.timeMs });
    return all.filter(({ kind }) => !told.includes(kind));
  }

  function signalOf({ tripId: id, seen }: TripWatch, due: { kind: TripSignal; timeMs: number }): readonly Signal[] {
    const { kind, timeMs } = due;
    const { requested, accepted } = seen;
    const accepts = accepted !== undefined && accepted.timeMs <= timeMs ? accepted : undefined;
    if (kind === "unmet" && accepts !== undefined) return [];
    if (kind === "pickup" && accepts === undefined) return [];
    const cause = seen[kind === "pickup" ? "driver_arrived" : kind === "unmet" ? "requested" : kind] as Seen;
    const asked = requested !== undefined && requested.timeMs <= timeMs ? requested.place : null;
    const place = cause.place ?? asked;
    if (place === null) return [];
    const { receivedAt } = cause;
    const pickup = kind === "pickup" ? { pickupMs: timeMs - (accepts as Seen).timeMs } : {};
    return [{ kind, id, ...place, timeMs, receivedAt, ...pickup }];
  }
}

function forgetAt({ seen }: TripWatch): number {
  const end = seen.completed ?? seen.cancelled;
  return Math.max(...Object.values(seen).map(({ timeMs }) => timeMs)) + (end === undefined ? keepMs : keepEndedMs);
}

function isEarlier(event: ArrivedTripEvent, present: Seen): boolean {
  return event.timeMs < present.timeMs || (event.timeMs === present.timeMs && event.id < present.id);
}

function placeOf({ data }: ArrivedTripEvent): Place | null {
  const { city_id: cityId, h3_cell: cell } = data;
  return typeof cityId === "string" && typeof cell === "string" ? { cityId, cell } : null;
}
