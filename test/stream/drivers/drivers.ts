import type { Activity, DriverStatus } from "../../../stream/drivers/read-activity.ts";
import type { Fix } from "../../../stream/drivers/read-fix.ts";

export const minute = 60_000;
export const hour = 60 * minute;
export const start = Date.UTC(2026, 0, 5, 8);

let sequence = 0;
/** A position `at` ms after the start of the test's day, some metres east of the prime meridian on the equator. */
export function fix(driverId: string, at: number, metresEast = 1, id = `f-${++sequence}`): Fix {
  return {
    ...{ driverId, id, timeMs: start + at, receivedAt: start + at + 200, accuracy: null, shown: {} },
    ...{ latitude: 0, longitude: metresEast / 111_195.08 },
  };
}

/** A sign of life; with a status when one is given. */
export function activity(
  driverId: string,
  at: number,
  status: DriverStatus | null = null,
  cityId: string | null = null,
): Activity {
  return { driverId, id: `a-${++sequence}`, timeMs: start + at, receivedAt: start + at + 200, status, cityId };
}

type Move = { readonly delay: number; readonly again: number; readonly later: number };

/** The records late by up to their delays, some of them twice: an order in which they may come. */
export function shuffled<In>(
  records: readonly In[],
  timeOf: (record: In) => number,
  moves: readonly Move[],
): readonly In[] {
  return records
    .flatMap((record, i) => {
      const { delay, again, later } = moves[i % moves.length] as Move;
      const once = { record, at: timeOf(record) + delay };
      return again === 0 ? [once, { record, at: timeOf(record) + later }] : [once];
    })
    .sort((a, b) => a.at - b.at)
    .map(({ record }) => record);
}
