import { z } from "zod";
import { durationForm, durationMs } from "./duration.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "a name of a-z, 0-9 and dashes, at most 63");
const identifier = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/, "a name of letters, digits and underscores");
// YAML reads `when: true` as a truth value, and it is one in CEL too.
const expression = z.union([z.string().min(1), z.boolean()], "a CEL expression").transform(String);
const text = z.string("text").min(1, "text");

function duration(leastMs: number, mostMs: number) {
  return z.string(durationForm).transform((value, context) => {
    const ms = durationMs(value);
    if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
    const message = ms === undefined ? durationForm : `a duration of ${leastMs / 1_000}s to ${mostMs / 1_000}s`;
    context.issues.push({ code: "custom", message, input: value });
    return z.NEVER;
  });
}

const day = 24 * 3_600_000;
const aggregate = z.union(
  [
    z.strictObject({ count: expression }),
    z.strictObject({ sum: expression, if: expression.optional() }),
    z.strictObject({ max: expression, if: expression.optional() }),
    z.strictObject({ distinct: expression, if: expression.optional() }),
  ],
  "one of count, sum, max or distinct with a CEL expression",
);

/** How a value of a window is collected, as the file says it. */
export type AggregateSpec = z.output<typeof aggregate>;

/** A rule as a file says it; durations are in ms. */
export const ruleShape = z.strictObject({
  name,
  description: text,
  on: z.union([text.transform((one) => [one]), z.array(text).min(1)], "an event type, or a list of them"),
  where: expression.optional(),
  by: z.record(identifier, expression).default({}),
  when: expression.optional(),
  holds_for: duration(1_000, day).optional(),
  window: duration(1_000, day).optional(),
  values: z.record(identifier, aggregate).optional(),
  absent_for: duration(1_000, 7 * day).optional(),
  no_data_after: duration(1_000, 7 * day).optional(),
  for: duration(0, day).default(0),
  keep_firing_for: duration(0, day).default(0),
  severity: z.enum(["info", "warning", "critical"], "info, warning or critical"),
  summary: text,
  labels: z.record(identifier, text).default({}),
  annotations: z.record(identifier, text).default({}),
  location: z.strictObject({ latitude: expression, longitude: expression }).optional(),
  group_by: z.array(identifier).optional(),
  group_interval: duration(1_000, day).default(5 * 60_000),
  repeat_interval: duration(1_000, 7 * day).default(4 * 3_600_000),
  inhibited_by: z.array(z.strictObject({ rule: name, equal: z.array(identifier).default([]) })).default([]),
});

export type RuleSpec = z.output<typeof ruleShape>;
