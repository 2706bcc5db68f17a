import type { Change, Moment, RememberingStep } from "../state/remembering-step.ts";
import { accountOf, type TripAccount } from "./trip-account.ts";
import type { ArrivedTripEvent, TripEvent } from "./trip-event.ts";

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

/**
 * Makes one account of each trip. The memory is a set of events, so neither their order nor repetitions matter; when an account is made, and
 * of which events, is decided by event time alone. So the same events, shuffled within the lateness of their topic, give the same accounts.
 */
export function foldTrip(rules: TripRules): RememberingStep<ArrivedTripEvent, TripMemory, ToldTrip> {
  return {
    keyOf: ({ tripId }) => tripId,
    timeOf: ({ timeMs }) => timeMs,

    take(known, { tripId, ...event }, moment): Change<TripMemory, ToldTrip> {
      const before: TripMemory = known ?? { tripId, events: [], revision: 0 };
      const events = withEvent(before.events, event);
      const isTold = before.toldUntil !== undefined && event.timeMs <= before.toldUntil;
      const state: TripMemory =
        events === before.events || !isTold ? { ...before, events } : { ...before, events, overlooked: true };
      return { state, wakeMs: wakeOf(state, moment), emit: [] };
    },

    wake(before, { watermark: until }) {
      const last = Math.max(...before.events.map(({ timeMs }) => timeMs));
      const isNew = before.toldUntil === undefined || last > before.toldUntil || before.overlooked === true;
      if (!isNew) return { state: undefined, emit: [] };
      const included = before.events.filter(({ timeMs }) => timeMs <= until);
      const account = accountOf(included);
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

  function dueOf({ events, toldUntil, overlooked }: TripMemory, moment: Moment | undefined): number {
    const times = events.map(({ timeMs }) => timeMs);
    const last = Math.max(...times);
    const ends = events.filter(isEnd).map(({ timeMs }) => timeMs);
    if (toldUntil === undefined) {
      return ends.length > 0 ? Math.min(...ends) + rules.settleMs : last + rules.stuckMs;
    }
    if (overlooked === true) return (moment?.watermark ?? toldUntil) + rules.settleMs;
    const untold = times.filter((time) => time > toldUntil);
    if (untold.length === 0) return Math.max(last, toldUntil) + rules.keepMs;
    return ends.length > 0 ? Math.min(...untold) + rules.settleMs : last + rules.stuckMs;
  }
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
