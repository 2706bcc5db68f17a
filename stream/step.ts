import type { ErrorCode } from "../runtime/index.ts";

/**
 * What should happen to a record. A step only says it; the runner does it.
 *
 * - `forward`: go on with these records, in this order; none is allowed and means that the record is done.
 * - `drop`: leave the record out, counted by step and reason. `reason` is one of a few fixed words, never data.
 * - `dead-letter`: keep the original bytes in the dead-letter topic with code and reason, and go on behind the record.
 */
export type Verdict<Out> =
  | { readonly type: "forward"; readonly records: readonly Out[] }
  | { readonly type: "drop"; readonly reason: string }
  | { readonly type: "dead-letter"; readonly code: ErrorCode; readonly reason: string };

/**
 * A pure function from one record to a verdict: the same record and the same reference data give the same verdict, so that
 * reprocessing repeats the bytes. A step holds no producer, reads no clock and throws only by a bug, which fails the
 * service. Its function name is its name in metrics and dead letters: write factories that return a named function.
 */
export type Step<In, Out> = (record: In) => Verdict<Out>;

/** Goes on with these records. */
export function forward<Out>(...records: readonly Out[]): Verdict<Out> {
  return { type: "forward", records };
}

/** Leaves the record out. @param reason a fixed word or two; it becomes a metric label. */
export function drop(reason: string): Verdict<never> {
  return { type: "drop", reason };
}

/** Keeps the record's original bytes for repair. @param reason words for the person who repairs; may contain data. */
export function deadLetter(code: ErrorCode, reason: string): Verdict<never> {
  return { type: "dead-letter", code, reason };
}
