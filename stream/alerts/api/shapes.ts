import { basename } from "node:path";
import { z } from "zod";
import type { AlertState } from "../alert-states.ts";
import { durationForm, durationMs } from "../duration.ts";
import type { BookEntry } from "../rule-book.ts";
import type { KeptSilence } from "../silence-store.ts";

/** The JSON of the alerts' API. Names are those of the fields of an alert. */

const time = (ms: number) => new Date(ms).toISOString();

/** A rule, where it comes from, and what is wrong with it. */
export function ruleJson({ name, file, placed, stored, problem }: BookEntry) {
  const spec = placed?.rule.spec;
  return {
    ...{ name, source: file === undefined ? "api" : "file" },
    // Where the folder lies on this machine is nobody's business.
    ...(file === undefined ? {} : { file: basename(file) }),
    ...(spec === undefined ? {} : { severity: spec.severity, on: spec.on, description: spec.description }),
    ...(problem === undefined ? {} : { problem: problem.message }),
    ...(stored === undefined
      ? {}
      : {
          ...{ made_at: time(stored.madeMs), made_by: stored.madeBy },
          ...{ changed_at: time(stored.changedMs), changed_by: stored.changedBy },
        }),
  };
}

/** How one thing that a rule watches stands. */
export function stateJson({ rule, labels, state, sinceMs, summary, told }: AlertState) {
  return {
    ...{ rule, labels, state },
    ...(sinceMs === undefined ? {} : { since: time(sinceMs) }),
    ...(summary === undefined ? {} : { summary }),
    ...(told === undefined ? {} : { told }),
  };
}

export function silenceJson({ id, matches, startsMs, endsMs, reason, madeBy }: KeptSilence) {
  return { id, matches, starts_at: time(startsMs), ends_at: time(endsMs), reason, made_by: madeBy };
}

/** A silence as it is asked for. */
export const silenceBody = z.strictObject({
  matches: z.record(z.string().min(1), z.string()),
  for: z.string().transform((text, context) => {
    const ms = durationMs(text);
    if (ms !== undefined && ms > 0) return ms;
    context.issues.push({ code: "custom", message: `expected ${durationForm}, got ${text}`, input: text });
    return z.NEVER;
  }),
  reason: z.string().min(1),
});
