import type { DriverStatus } from "./read-activity.ts";

export const hourMs = 3_600_000;

/** A status that a driver has from a moment on. */
export type StatusChange = { readonly timeMs: number; readonly id: string; readonly status: DriverStatus };

/** From the first to the last sign of life of a stretch without a silence; ms since 1970. */
export type Heard = { readonly from: number; readonly to: number };

/** The data of the event type `driver.hour` but for its driver, hour, revision and city. */
export type HourAccount = ReturnType<typeof accountOf>;

/**
 * What a driver did in the hour that begins at `hour`.
 *
 * A status holds until the next one. Within it, time counts as long as the driver is heard of: each event, of either kind, counts for `silenceMs` after it.
 * The rest of a status other than offline is silence. Before the first status that is known, time that is heard of is unknown.
 * @param statuses in the order of their time; the last one before the hour must be among them, if there is one
 */
export function accountOf(hour: number, statuses: readonly StatusChange[], heard: readonly Heard[], silenceMs: number) {
  const end = hour + hourMs;
  const ms = { offline: 0, open: 0, dispatched: 0, on_trip: 0, unknown: 0, silent: 0 };
  const heardMs = (from: number, to: number) =>
    heard.reduce((sum, one) => sum + overlap(from, to, one.from, one.to + silenceMs), 0);
  const first = statuses[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  if (first > hour) ms.unknown = heardMs(hour, Math.min(first, end));
  for (const [i, { timeMs, status }] of statuses.entries()) {
    const from = Math.max(hour, timeMs);
    const to = Math.min(end, statuses[i + 1]?.timeMs ?? end);
    if (to <= from || status === "offline") continue;
    const counted = heardMs(from, to);
    ms[status] += counted;
    ms.silent += to - from - counted;
  }
  const busy = ms.dispatched + ms.on_trip;
  const online = ms.open + busy;
  return {
    online_seconds: online / 1_000,
    open_seconds: ms.open / 1_000,
    dispatched_seconds: ms.dispatched / 1_000,
    on_trip_seconds: ms.on_trip / 1_000,
    utilisation: online === 0 ? null : busy / online,
    silent_seconds: ms.silent / 1_000,
    unknown_seconds: ms.unknown / 1_000,
  };
}

/** Stretches with one more sign of life in them; those that no silence lies between are one. */
export function withSign(heard: readonly Heard[], timeMs: number, silenceMs: number): readonly Heard[] {
  let from = timeMs;
  let to = timeMs;
  const apart: Heard[] = [];
  for (const one of heard) {
    if (one.to + silenceMs < timeMs || timeMs + silenceMs < one.from) apart.push(one);
    else {
      from = Math.min(from, one.from);
      to = Math.max(to, one.to);
    }
  }
  return [...apart, { from, to }].sort((a, b) => a.from - b.from);
}

function overlap(from: number, to: number, start: number, end: number): number {
  return Math.max(0, Math.min(to, end) - Math.max(from, start));
}
