import TinyQueue from "tinyqueue";
import { isAnnouncement } from "./announcement.ts";
import type { Change, Memory, RememberingStep } from "./remembering-step.ts";

/** What a partition's records meet. */
export type Before<In, State> = {
  readonly records: readonly In[];
  /** The memory of every key of the records, and of every key to be woken up to `horizon`; changed in place. */
  readonly memories: Map<string, Memory<State>>;
  readonly watermark: number;
  /** Wake-ups after this moment were not loaded. */
  readonly horizon: number;
  /** How far a record brings event time; by its own time when not given. Called once for each record, in order; may count what it is given. */
  readonly reachOf?: (record: In) => number;
  /** Behind the records, time passes to this moment; for a partition that gets no records any more. */
  readonly passTo?: number;
};

/** What came of them. */
export type After<State, Out> = {
  /** How many of the records were taken: fewer than given when the next one would wake keys behind the horizon. */
  readonly taken: number;
  readonly watermark: number;
  readonly changed: ReadonlyMap<string, Memory<State> | undefined>;
  readonly emitted: readonly Out[];
  readonly late: number;
  /** Which of the records came too late for the step, by their place in `records`. */
  readonly tooLate: readonly number[];
};

type Alarm = { readonly wakeMs: number; readonly key: string };

/**
 * Takes records through a remembering step, in order. Before each record the keys are woken whose time the record's watermark reaches, in
 * the order of time and key; so what comes out does not depend on how the records were cut into batches.
 * @param latenessMs how far a record may lie behind the newest one without being late.
 */
export function remember<In, State, Out>(
  step: RememberingStep<In, State, Out>,
  before: Before<In, State>,
  latenessMs: number,
): After<State, Out> {
  const { memories, horizon, reachOf = (record) => step.timeOf(record) - latenessMs } = before;
  const changed = new Map<string, Memory<State> | undefined>();
  const emitted: Out[] = [];
  const tooLate: number[] = [];
  const alarms = new TinyQueue<Alarm>([], (a, b) => a.wakeMs - b.wakeMs || compareBytes(a.key, b.key));
  for (const [key, { wakeMs }] of memories) if (wakeMs !== undefined) alarms.push({ key, wakeMs });
  let watermark = before.watermark;
  let taken = 0;
  let late = 0;

  function apply(key: string, change: Change<State, Out>): void {
    for (const out of change.emit) emitted.push(out);
    if (change.state === undefined) {
      memories.delete(key);
      changed.set(key, undefined);
      return;
    }
    // Whole, as the database keeps it.
    const wakeMs = change.wakeMs === undefined ? undefined : Math.ceil(change.wakeMs);
    const memory = { state: change.state, wakeMs };
    // An alarm for the same moment is set already.
    const isSet = memories.get(key)?.wakeMs === wakeMs;
    memories.set(key, memory);
    changed.set(key, memory);
    if (wakeMs !== undefined && !isSet) alarms.push({ key, wakeMs });
  }

  function wakeUntil(moment: number): void {
    for (let alarm = alarms.peek(); alarm !== undefined && alarm.wakeMs <= moment; alarm = alarms.peek()) {
      alarms.pop();
      const memory = memories.get(alarm.key);
      // Set anew or forgotten since.
      if (memory?.wakeMs !== alarm.wakeMs) continue;
      watermark = Math.max(watermark, alarm.wakeMs);
      apply(alarm.key, step.wake(memory.state, { watermark, late: false }));
    }
    watermark = Math.max(watermark, moment);
  }

  for (const record of before.records) {
    const reached = Math.max(watermark, reachOf(record));
    if (reached > horizon) {
      wakeUntil(horizon);
      return { taken, watermark, changed, emitted, late, tooLate };
    }
    taken++;
    if (isAnnouncement(record)) {
      wakeUntil(reached);
      continue;
    }
    const time = step.timeOf(record);
    const isLate = time < watermark && time !== Number.NEGATIVE_INFINITY;
    if (isLate) late++;
    wakeUntil(reached);
    const key = step.keyOf(record);
    const change = step.take(memories.get(key)?.state, record, { watermark, late: isLate });
    if (change.tooLate === true) tooLate.push(taken - 1);
    apply(key, change);
    // A key whose time is over already is woken before the next record, whatever that brings.
    wakeUntil(watermark);
  }
  if (before.passTo !== undefined) wakeUntil(Math.min(before.passTo, horizon));
  return { taken, watermark, changed, emitted, late, tooLate };
}

/** As Postgres compares text in the collation "C": by the bytes in UTF-8, which is the order of code points. */
function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
