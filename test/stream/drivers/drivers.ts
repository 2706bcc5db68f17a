import type { Activity, DriverStatus } from "../../../stream/drivers/read-activity.ts";
import type { Fix } from "../../../stream/drivers/read-fix.ts";
import { remember } from "../../../stream/state/remember.ts";
import type { Memory, RememberingStep } from "../../../stream/state/remembering-step.ts";

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

/** All that a step tells of the records in this order, in batches; then time passes. What is remembered lies in a database between batches. */
export function tell<In, State, Out>(
  step: RememberingStep<In, State, Out>,
  records: readonly In[],
  { latenessMs = minute, batch = records.length || 1, days = 10 } = {},
): { readonly told: readonly Out[]; readonly memories: ReadonlyMap<string, Memory<State>>; readonly tooLate: number } {
  const memories = new Map<string, Memory<State>>();
  const told: Out[] = [];
  let tooLate = 0;
  let watermark = Number.NEGATIVE_INFINITY;
  const go = (some: readonly In[], passTo?: number) => {
    const time = passTo === undefined ? {} : { passTo };
    const after = remember(step, { records: some, memories, watermark, horizon: Infinity, ...time }, latenessMs);
    told.push(...after.emitted);
    tooLate += after.tooLate.length;
    watermark = after.watermark;
    for (const [key, memory] of memories) memories.set(key, JSON.parse(JSON.stringify(memory)));
  };
  for (let i = 0; i < records.length; i += batch) go(records.slice(i, i + batch));
  if (days > 0) go([], start + days * 24 * hour);
  return { told, memories, tooLate };
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
