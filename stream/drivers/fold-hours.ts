import type { Change, RememberingStep } from "../state/remembering-step.ts";
import { accountOf, type Heard, type HourAccount, hourMs, type StatusChange, withSign } from "./hour-account.ts";
import type { Activity } from "./read-activity.ts";

export type HourRules = {
  /** Each event of a driver counts as a sign of life for this long. */
  readonly silenceMs: number;
  /** How long behind its end an hour can still change. */
  readonly keepMs: number;
};

/** What is remembered of one hour of a driver. */
type Hour = {
  readonly hour: number;
  /** When the last of its events was received; 0 when it has none. */
  readonly receivedAt: number;
  readonly seen: { readonly timeMs: number; readonly cityId: string } | null;
  /** How many accounts were given, and the last one's content. */
  readonly revision: number;
  readonly told: string | null;
};

/** What is remembered of one driver. */
export type HoursMemory = {
  readonly driverId: string;
  readonly statuses: readonly StatusChange[];
  readonly heard: readonly Heard[];
  /** In their order; all that had an event or that the driver was heard of in. */
  readonly hours: readonly Hour[];
  /** When hours that changed behind their account are told again. */
  readonly revisitMs: number | null;
};

/** An account of an hour that differs from the one before. */
export type ToldHour = {
  readonly driverId: string;
  readonly hour: number;
  readonly revision: number;
  readonly cityId: string | null;
  readonly account: HourAccount;
  readonly receivedAt: number;
};

/** What comes late comes together: so long after the first of it the hours are told again. */
const settleMs = 60_000;

/**
 * Makes an account of each driver's hours. What is remembered are sets (statuses, stretches of being heard of), so neither the order of events nor
 * repetitions matter, and an hour is told when the watermark of the positions has passed its end. Later events give a further account with a higher revision, for
 * as long as the hour is kept.
 */
export function foldHours(rules: HourRules): RememberingStep<Activity, HoursMemory, ToldHour> {
  return {
    keyOf: ({ driverId }) => driverId,
    // Statuses are few and overtake the positions after an outage: what is far ahead must not make those late.
    timeOf: ({ timeMs, status }) => (status === null ? timeMs : Number.NEGATIVE_INFINITY),

    take(before, event, { watermark }): Change<HoursMemory, ToldHour> {
      const { driverId, id, timeMs, status } = event;
      const known = before ?? { driverId, statuses: [], heard: [], hours: [], revisitMs: null };
      if (timeMs < horizon(watermark)) {
        return { state: before, wakeMs: before === undefined ? undefined : wakeOf(known), emit: [], tooLate: true };
      }
      const isBehind = hourOf(timeMs) + hourMs <= watermark;
      const memory: HoursMemory = {
        driverId,
        statuses: status === null ? known.statuses : withStatus(known.statuses, { timeMs, id, status }),
        heard: withSign(known.heard, timeMs, rules.silenceMs),
        hours: withEvent(known.hours, event),
        revisitMs: known.revisitMs ?? (isBehind ? watermark + settleMs : null),
      };
      return { state: memory, wakeMs: wakeOf(memory), emit: [] };
    },

    wake(before, { watermark }): Change<HoursMemory, ToldHour> {
      const emit: ToldHour[] = [];
      const hours: Hour[] = [];
      let receivedAt = 0;
      for (const one of reachedHours(before, watermark)) {
        receivedAt = Math.max(receivedAt, one.receivedAt);
        if (one.hour + hourMs > watermark) {
          hours.push(one);
          continue;
        }
        const account = accountOf(one.hour, before.statuses, before.heard, rules.silenceMs);
        const cityId = one.seen?.cityId ?? null;
        const told = JSON.stringify([cityId, ...Object.values(account)]);
        const isNew = told !== one.told && (one.told !== null || !isEmpty(account));
        const revision = one.revision + (isNew ? 1 : 0);
        if (isNew) emit.push({ driverId: before.driverId, hour: one.hour, revision, cityId, account, receivedAt });
        hours.push({ ...one, revision, told });
      }
      const from = horizon(watermark);
      const kept = hours.filter(({ hour }) => hour >= from);
      if (kept.length === 0) return { state: undefined, emit };
      const memory: HoursMemory = {
        driverId: before.driverId,
        // The last status before counts on.
        statuses: before.statuses.filter((_, i, all) => (all[i + 1]?.timeMs ?? Number.POSITIVE_INFINITY) >= from),
        heard: before.heard.filter(({ to }) => to + rules.silenceMs > from),
        hours: kept,
        revisitMs: before.revisitMs !== null && before.revisitMs > watermark ? before.revisitMs : null,
      };
      return { state: memory, wakeMs: wakeOf(memory), emit };
    },
  };

  /** The start of the oldest hour that can still change. */
  function horizon(watermark: number): number {
    return hourOf(watermark - rules.keepMs);
  }

  /** With the hours that hold no event and into which the driver was heard of all the same. */
  function reachedHours({ hours, heard }: HoursMemory, watermark: number): readonly Hour[] {
    const known = new Map(hours.map((one) => [one.hour, one]));
    for (const { from, to } of heard) {
      const end = Math.min(to + rules.silenceMs, watermark);
      for (let hour = hourOf(from); hour < end; hour += hourMs) {
        if (!known.has(hour) && hour >= horizon(watermark)) known.set(hour, emptyHour(hour));
      }
    }
    return [...known.values()].sort((a, b) => a.hour - b.hour);
  }

  function wakeOf({ hours, heard, revisitMs }: HoursMemory): number {
    // An hour whose end is behind the watermark was woken for, or is revisited.
    const ends = hours.filter(({ told }) => told === null).map(({ hour }) => hour + hourMs);
    // The hour in which the last sign of life wears off may hold no event.
    const last = heard.at(-1);
    const tail = last === undefined ? undefined : hourOf(last.to + rules.silenceMs - 1);
    if (tail !== undefined && !hours.some(({ hour }) => hour === tail)) ends.push(tail + hourMs);
    if (revisitMs !== null) return Math.min(revisitMs, ...ends.filter((end) => end > revisitMs - settleMs));
    const newest = hours.at(-1)?.hour ?? 0;
    return ends.length > 0 ? Math.min(...ends) : newest + hourMs + rules.keepMs;
  }
}

function hourOf(timeMs: number): number {
  return Math.floor(timeMs / hourMs) * hourMs;
}

function emptyHour(hour: number): Hour {
  return { hour, receivedAt: 0, seen: null, revision: 0, told: null };
}

function isEmpty({ online_seconds, silent_seconds, unknown_seconds }: HourAccount): boolean {
  return online_seconds === 0 && silent_seconds === 0 && unknown_seconds === 0;
}

function withStatus(statuses: readonly StatusChange[], change: StatusChange): readonly StatusChange[] {
  if (statuses.some(({ id, timeMs }) => id === change.id && timeMs === change.timeMs)) return statuses;
  return [...statuses, change].sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
}

function withEvent(hours: readonly Hour[], { timeMs, receivedAt, cityId }: Activity): readonly Hour[] {
  const hour = hourOf(timeMs);
  const before = hours.find((one) => one.hour === hour) ?? emptyHour(hour);
  const isLast =
    before.seen === null ||
    timeMs > before.seen.timeMs ||
    (timeMs === before.seen.timeMs && cityId !== null && cityId > before.seen.cityId);
  const after = {
    ...before,
    receivedAt: Math.max(before.receivedAt, receivedAt),
    seen: cityId !== null && isLast ? { timeMs, cityId } : before.seen,
  };
  return [...hours.filter((one) => one.hour !== hour), after].sort((a, b) => a.hour - b.hour);
}
