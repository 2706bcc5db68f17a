import { PipelineError } from "../../runtime/index.ts";

/** Which windows there are, and when their results come. All times are event time, in ms. */
export type WindowRules = {
  readonly sizeMs: number;
  /** A window begins every so often, counted from 1970; as `sizeMs` when not given, so that windows do not overlap (tumbling). Less: sliding. */
  readonly everyMs?: number;
  /** How long behind its end a window still takes events; then its final result comes and it is forgotten. */
  readonly allowedLatenessMs: number;
  /** Early results: one at each multiple of this within the window when something has changed; none when not given. */
  readonly earlyMs?: number;
  /** Late results: one at the window's end, and one for each event that changes it behind its end; false when not given. */
  readonly lateResults?: boolean;
};

/** A window holds the events from its start up to but without its end. */
export type Span = { readonly startMs: number; readonly endMs: number };

/** More windows than this for one event are a mistake in the rules: each is a result of its own. */
const maxWindowsOfEvent = 1_000;

/** @throws PipelineError option_invalid */
export function checkWindowRules(rules: WindowRules): void {
  const { sizeMs, everyMs = sizeMs, allowedLatenessMs, earlyMs = sizeMs } = rules;
  const wrong = (what: string) => new PipelineError("option_invalid", { message: `Of a window, ${what}.` });
  if (!Number.isSafeInteger(sizeMs) || sizeMs < 1) throw wrong(`the size is ${sizeMs} ms; it needs whole ms above 0`);
  if (!Number.isSafeInteger(everyMs) || everyMs < 1 || everyMs > sizeMs)
    throw wrong(`one every ${everyMs} ms with a size of ${sizeMs} ms would leave out events or repeat a start`);
  if (Math.ceil(sizeMs / everyMs) > maxWindowsOfEvent)
    throw wrong(`each event would be in ${Math.ceil(sizeMs / everyMs)}; at most ${maxWindowsOfEvent} are possible`);
  if (!Number.isSafeInteger(allowedLatenessMs) || allowedLatenessMs < 0)
    throw wrong(`the allowed lateness is ${allowedLatenessMs} ms; it needs whole ms from 0`);
  if (!Number.isSafeInteger(earlyMs) || earlyMs < 1) throw wrong(`early results come every ${earlyMs} ms`);
}

/** The windows that hold a moment, the earliest first. */
export function spansOf({ sizeMs, everyMs = sizeMs }: WindowRules, timeMs: number): readonly Span[] {
  const spans: Span[] = [];
  const last = Math.floor(timeMs / everyMs) * everyMs;
  for (let startMs = last; startMs > timeMs - sizeMs; startMs -= everyMs)
    spans.unshift({ startMs, endMs: startMs + sizeMs });
  return spans;
}
