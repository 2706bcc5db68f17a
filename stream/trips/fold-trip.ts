import type { Change, Moment, RememberingStep } from "../state/remembering-step.ts";
import { accountOf, legOf, type TripAccount } from "./trip-account.ts";
import type { ArrivedPosition, TripEvent, TripSignal } from "./trip-event.ts";
import { compact, noPath, type PathMemory, withFix } from "./trip-path.ts";

export type TripRules = {
  /** How long after a trip's end, and after each later event, its account is made: what comes close together is told together. */
  readonly settleMs: number;
  /** A trip without an end of which nothing is heard for this long is stuck. */
  readonly stuckMs: number;
  /** How long a trip is remembered behind its last account, for events that come later still. */
  readonly keepMs: number;
};

/** What is remembered of one trip. */
export type TripMemory = {
  readonly tripId: string;
  readonly events: readonly TripEvent[];
  /** What each driver's app reported of the way; after the start of the trip, that of its driver alone. */
  readonly paths?: Readonly<Record<string, PathMemory>>;
  /** Time of the newest position, ms since 1970. */
  readonly positionMs?: number;
  /** How many accounts were given, and the last one's content. */
  readonly revision: number;
  readonly told?: string;
  /** The last account told of the events up to here; ms since 1970. */
  readonly toldUntil?: number;
  /** An event that belongs into the last account came after it. */
  readonly overlooked?: true;
};

/** An account of a trip that differs from the one before. */
export type ToldTrip = {
  readonly tripId: string;
  readonly account: TripAccount;
  readonly revision: number;
  readonly receivedAt: number;
};

/** More drivers than this on the way to one rider are not followed. */
const maxDrivers = 4;

/**
 * Makes one account of each trip. The memory is a set of events and positions, so neither their order nor repetitions matter; when an account is made, and
 * of which events, is decided by event time alone. So the same events, shuffled within the lateness of their topic, give the same accounts.
 */
export function foldTrip(rules: TripRules): RememberingStep<TripSignal, TripMemory, ToldTrip> {
  return {
    keyOf: ({ tripId }) => tripId,
    timeOf: ({ timeMs }) => timeMs,

    take(known, signal, moment): Change<TripMemory, ToldTrip> {
      const before: TripMemory = known ?? { tripId: signal.tripId, events: [], revision: 0 };
      const after =
        signal.stage === "position" ? withPosition(before, signal) : { ...before, ...added(before, signal) };
      const isNews = after.events !== before.events || after.paths !== before.paths;
      const isTold = before.toldUntil !== undefined && signal.timeMs <= before.toldUntil;
      const state = compacted(isNews && isTold ? { ...after, overlooked: true } : after, moment.watermark);
      return { state, wakeMs: wakeOf(state, moment), emit: [] };
    },

    wake(before, { watermark: until }) {
      // Positions alone are no trip: either its events come, or they came and are forgotten.
      if (before.events.length === 0) return { state: undefined, emit: [] };
      const last = heardOf(before);
      const isNew = before.toldUntil === undefined || last > before.toldUntil || before.overlooked === true;
      if (!isNew) return { state: undefined, emit: [] };
      const included = before.events.filter(({ timeMs }) => timeMs <= until);
      const around = { paths: pathsOf(before), untilMs: until, heardMs: heardOf({ ...before, events: included }) };
      const account = accountOf(included, around);
      const told = JSON.stringify(account);
      const { overlooked: _over, ...rest } = before;
      if (told === before.told) {
        const same: TripMemory = { ...rest, toldUntil: until };
        return { state: same, wakeMs: wakeOf(same), emit: [] };
      }
      const revision = before.revision + 1;
      const state: TripMemory = { ...rest, told, revision, toldUntil: until };
      const receivedAt = Math.max(...included.map((event) => event.receivedAt));
      return { state, wakeMs: wakeOf(state), emit: [{ tripId: before.tripId, account, revision, receivedAt }] };
    },
  };

  /** When to look at a trip again. A late event waits for those that come with it: a device sends what it kept all at once. */
  function wakeOf(memory: TripMemory, moment?: Moment): number {
    const due = dueOf(memory, moment);
    return moment?.late === true ? Math.max(due, moment.watermark + rules.settleMs) : due;
  }

  function dueOf(memory: TripMemory, moment: Moment | undefined): number {
    const { events, toldUntil, overlooked } = memory;
    const last = heardOf(memory);
    if (events.length === 0) return last + rules.keepMs;
    const ends = events.filter(isEnd).map(({ timeMs }) => timeMs);
    if (toldUntil === undefined) {
      return ends.length > 0 ? Math.min(...ends) + rules.settleMs : last + rules.stuckMs;
    }
    if (overlooked === true) return (moment?.watermark ?? toldUntil) + rules.settleMs;
    if (last <= toldUntil) return toldUntil + rules.keepMs;
    const untold = events.map(({ timeMs }) => timeMs).filter((time) => time > toldUntil);
    return ends.length > 0 ? Math.min(...untold) + rules.settleMs : last + rules.stuckMs;
  }
}

/** When something was last heard of a trip under way; behind its end, positions say nothing of it. */
function heardOf({ events, positionMs = Number.NEGATIVE_INFINITY }: TripMemory): number {
  const times = events.map(({ timeMs }) => timeMs);
  return Math.max(...times, events.some(isEnd) ? Number.NEGATIVE_INFINITY : positionMs);
}

function added(before: TripMemory, { tripId: _key, ...event }: TripEvent & { readonly tripId: string }) {
  return { events: withEvent(before.events, event) };
}

function withPosition(before: TripMemory, { driverId, ...fix }: ArrivedPosition): TripMemory {
  const positionMs = Math.max(before.positionMs ?? Number.NEGATIVE_INFINITY, fix.timeMs);
  const paths = pathsOf(before);
  const present = paths[driverId] ?? noPath;
  const path = withFix(present, fix);
  const isFull = present === noPath && Object.keys(paths).length >= maxDrivers;
  if (path === present || isFull || !concerns(before, driverId, fix.timeMs)) return { ...before, positionMs };
  return { ...before, positionMs, paths: { ...paths, [driverId]: path } };
}

/** Whether a position may belong to the way of the trip, as far as that is known. */
function concerns({ events }: TripMemory, driverId: string, timeMs: number): boolean {
  const leg = legOf(events);
  if (leg === undefined) return true;
  return leg.driverId === driverId && timeMs >= leg.startMs && (leg.endMs === undefined || timeMs <= leg.endMs);
}

function compacted(memory: TripMemory, watermark: number): TripMemory {
  if (memory.paths === undefined) return memory;
  const leg = legOf(memory.events);
  // As long as time has not passed the start, an earlier one may come, of another driver.
  const isStarted = leg !== undefined && leg.startMs < watermark;
  const kept = Object.entries(memory.paths).filter(([driverId]) => !isStarted || driverId === leg.driverId);
  return { ...memory, paths: Object.fromEntries(kept.map(([id, path]) => [id, compact(path, leg, watermark)])) };
}

function pathsOf(memory: TripMemory): Readonly<Record<string, PathMemory>> {
  return memory.paths ?? {};
}

function isEnd({ stage }: TripEvent): boolean {
  return stage === "completed" || stage === "cancelled";
}

/**
 * The set with the event in it: ordered, and the same whatever the order of arrival. One event stands for each stage, and one rating for
 * each who rates: the earliest, of ratings the last.
 */
function withEvent(events: readonly TripEvent[], event: TripEvent): readonly TripEvent[] {
  const place = placeOf(event);
  const present = events.find((one) => placeOf(one) === place);
  if (present !== undefined && !prevails(event, present)) return events;
  return [...events.filter((one) => one !== present), event].sort(inOrder);
}

function placeOf({ stage, data }: TripEvent): string {
  return stage === "rated" ? `rated/${data.rated_by}` : stage;
}

function prevails(event: TripEvent, present: TripEvent): boolean {
  if (event.id === present.id && event.timeMs === present.timeMs) return event.receivedAt < present.receivedAt;
  const order = inOrder(event, present);
  return event.stage === "rated" ? order > 0 : order < 0;
}

function inOrder(a: TripEvent, b: TripEvent): number {
  return a.timeMs - b.timeMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
