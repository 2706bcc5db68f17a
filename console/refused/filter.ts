import { z } from "zod";
import { conditions, kinds, type RefusedFilter } from "./shapes.ts";

/** One value or several, as a query has them. */
const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
/** `24h` ago, or a time. */
const time = z.string().transform((text, context) => {
  const [, amount, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const at = amount === undefined ? Date.parse(text) : Date.now() - Number(amount) * (units[unit] ?? 0);
  if (Number.isFinite(at)) return new Date(at);
  context.addIssue("expected a time such as 2026-11-22T21:00:00Z, or how long ago: 90m, 24h, 7d");
  return z.NEVER;
});

/** The addresses of the page have the same names. */
export const filterShape = z.strictObject({
  kind: z.enum(kinds).optional(),
  id: list.optional(),
  code: list.optional(),
  type: list.optional(),
  source: list.optional(),
  schema: list
    .pipe(z.array(z.union([z.literal("none").transform(() => null), z.coerce.number<string>().int()])))
    .optional(),
  consumer: list.optional(),
  topic: list.optional(),
  state: z.enum(conditions).default("waiting"),
  since: time.optional(),
  until: time.optional(),
});

export function filterOf(given: z.output<typeof filterShape>): RefusedFilter {
  const { kind, id, code, type, source, schema, consumer, topic, state, since, until } = given;
  return {
    ...{ kinds: kind === undefined ? undefined : [kind], ids: id, codes: code, types: type, sources: source },
    ...{ schemaIds: schema, consumers: consumer, topics: topic, condition: state, since, until },
  };
}
