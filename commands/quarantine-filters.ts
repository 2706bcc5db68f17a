import type { Command } from "commander";
import { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import { type EntryFilter, entryStates, findEntry } from "../sinks/quarantine/index.ts";
import type { Queryable } from "../store/index.ts";
import { oneOf } from "./command.ts";

const list = z.array(z.string().min(1)).optional();
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** `2026-11-22T21:00:00Z`, `2026-11-22`, or how long ago: `90m`, `24h`, `7d`. */
export const time = z.string().transform((text, context) => {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const at = unit === undefined ? Date.parse(text) : Date.now() - Number(amount) * (units[unit] ?? 0);
  if (Number.isFinite(at)) return new Date(at);
  context.addIssue("expected a time such as 2026-11-22T21:00:00Z, or how long ago: 90m, 24h, 7d");
  return z.NEVER;
});

export const filterShape = z.object({
  code: list,
  type: list,
  keyName: list,
  state: z.array(z.enum(entryStates)).optional(),
  eventId: z.string().optional(),
  since: time.optional(),
  until: time.optional(),
});

type GivenFilter = z.output<typeof filterShape>;

/** Flags that may be given several times collect their values. */
export const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

/** The flags of {@link filterShape}. */
export function withFilters(command: Command): Command {
  return command
    .option("--code <code>", "only with this code; may be repeated, as the next three", collect)
    .option("--type <name>", "only of this event type", collect)
    .option("--key-name <name>", "only from the API key of this name", collect)
    .addOption(oneOf("--state <state>", "only in this state", entryStates).argParser(collect))
    .option("--event-id <id>", "only the event with this id")
    .option("--since <time>", "only those that came at this time or later: 2026-11-22T21:00:00Z, or 90m, 24h, 7d ago")
    .option("--until <time>", "only those that came before this time");
}

export function filterOf({ code, type, keyName, state, eventId, since, until }: GivenFilter): EntryFilter {
  return { codes: code, types: type, keyNames: keyName, states: state, eventId, since, until };
}

/**
 * Which entries a change is for, each id being there. Everything at once must be said.
 * @throws PipelineError option_invalid, quarantine_entry_…
 */
export async function choose(
  db: Queryable,
  ids: readonly string[],
  filter: EntryFilter,
  all: boolean,
): Promise<EntryFilter> {
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (ids.length === 0) {
    if (isFiltered || all) return filter;
    const message = "Say which events: give ids, a filter such as --code, or --all for everything.";
    throw new PipelineError("option_invalid", { message });
  }
  const found: string[] = [];
  for (const id of ids) {
    const entry = await findEntry(db, id);
    found.push(entry.quarantine_id);
  }
  return { ...filter, ids: found };
}
