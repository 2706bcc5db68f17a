import type { Change, RememberingStep } from "../state/remembering-step.ts";
import { checkWindowRules, type Span, spansOf, type WindowRules } from "./window-rules.ts";

/** What is made of the events of one key in one window. */
export type Aggregate<In, Value> = {
  readonly keyOf: (record: In) => string;
  /** The event's own time, ms since 1970. */
  readonly timeOf: (record: In) => number;
  /**
   * The value with the record in it; pure. So that the order of arrival and repetitions do not matter it must not depend on the order, and must know
   * what it has seen; give `value` itself for a record that changes nothing. Must survive JSON.
   */
  readonly add: (value: Value | undefined, record: In) => Value;
};

/** A result of one window. */
export type WindowResult<Value> = Span & {
  readonly key: string;
  /** 1 for the first result of the window, one more for each that follows. */
  readonly revision: number;
  /** True for the last one, of which every window has exactly one. */
  readonly final: boolean;
  readonly value: Value;
};

type OpenWindow<Value> = {
  readonly startMs: number;
  readonly value: Value;
  /** How many results were given. */
  readonly revision: number;
  /** When the next result that is not final is due; null when nothing has changed since the last or none is wanted. */
  readonly dueMs: number | null;
};

/** What is remembered of one key: its open windows, the earliest first. */
export type WindowMemory<Value> = { readonly key: string; readonly windows: readonly OpenWindow<Value>[] };

/**
 * Collects the events of each key in windows of event time. A window's final result comes when the watermark is `allowedLatenessMs` behind its end;
 * then it is forgotten. An event of which every window is closed is set aside as too late.
 * @throws PipelineError option_invalid for rules that make no sense
 */
export function windowed<In, Value>(
  rules: WindowRules,
  { keyOf, timeOf, add }: Aggregate<In, Value>,
): RememberingStep<In, WindowMemory<Value>, WindowResult<Value>> {
  checkWindowRules(rules);
  const { sizeMs, allowedLatenessMs, earlyMs, lateResults = false } = rules;
  const closesAt = (startMs: number) => startMs + sizeMs + allowedLatenessMs;

  return {
    keyOf,
    timeOf,

    take(known, record, { watermark }): Change<WindowMemory<Value>, WindowResult<Value>> {
      const key = known?.key ?? keyOf(record);
      const spans = spansOf(rules, timeOf(record));
      // The earliest comes first; mostly all are open.
      const open =
        spans[0] !== undefined && closesAt(spans[0].startMs) > watermark
          ? spans
          : spans.filter(({ startMs }) => closesAt(startMs) > watermark);
      if (open.length === 0) {
        const windows = known?.windows ?? [];
        return { state: known, wakeMs: wakeOf(windows), emit: [], tooLate: true };
      }
      const emit: WindowResult<Value>[] = [];
      const changed = new Map<number, OpenWindow<Value>>();
      for (const { startMs, endMs } of open) {
        const before = known?.windows.find((window) => window.startMs === startMs);
        const value = add(before?.value, record);
        if (before !== undefined && value === before.value) continue;
        const revision = before?.revision ?? 0;
        if (lateResults && endMs <= watermark) {
          emit.push({ key, startMs, endMs, revision: revision + 1, final: false, value });
          changed.set(startMs, { startMs, value, revision: revision + 1, dueMs: null });
        } else {
          changed.set(startMs, { startMs, value, revision, dueMs: before?.dueMs ?? dueAfter(startMs, watermark) });
        }
      }
      const others = (known?.windows ?? []).filter(({ startMs }) => !changed.has(startMs));
      const windows = [...others, ...changed.values()].sort((a, b) => a.startMs - b.startMs);
      return { state: { key, windows }, wakeMs: wakeOf(windows), emit };
    },

    wake({ key, windows }, { watermark }) {
      const emit: WindowResult<Value>[] = [];
      const left: OpenWindow<Value>[] = [];
      for (const window of windows) {
        const { startMs, value, dueMs } = window;
        const final = closesAt(startMs) <= watermark;
        const revision = window.revision + 1;
        const told = final || (dueMs !== null && dueMs <= watermark);
        if (told) emit.push({ key, startMs, endMs: startMs + sizeMs, revision, final, value });
        if (!final) left.push(told ? { startMs, value, revision, dueMs: null } : window);
      }
      return { state: left.length === 0 ? undefined : { key, windows: left }, wakeMs: wakeOf(left), emit };
    },
  };

  function wakeOf(windows: readonly OpenWindow<Value>[]): number | undefined {
    if (windows.length === 0) return undefined;
    return Math.min(...windows.map(({ startMs, dueMs }) => Math.min(closesAt(startMs), dueMs ?? Infinity)));
  }

  /** When a change that is seen at `watermark` is told before the final result. */
  function dueAfter(startMs: number, watermark: number): number | null {
    const endMs = startMs + sizeMs;
    if (earlyMs !== undefined) {
      const early = Math.max(1, Math.floor((watermark - startMs) / earlyMs) + 1) * earlyMs + startMs;
      if (early < endMs) return early;
    }
    return lateResults && allowedLatenessMs > 0 && watermark < endMs ? endMs : null;
  }
}
