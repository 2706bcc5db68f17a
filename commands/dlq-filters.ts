import type { Command } from "commander";
import { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import { findSinkLetter, sinkLetterPrefix, type WholeSinkLetter } from "../sinks/letters/index.ts";
import type { Letter, LetterFilter } from "../store/index.ts";
import { readStreamLetters, type StreamLetter, streamLetterPrefix } from "../stream/letters/index.ts";
import { oneOf } from "./command.ts";
import type { DlqTools } from "./dlq-part.ts";
import { collect, time } from "./quarantine-filters.ts";

const list = z.array(z.string().min(1)).optional();

export const letterFilterShape = z.object({
  place: list,
  topic: list,
  type: list,
  code: list,
  eventId: z.string().optional(),
  state: z.array(z.enum(["open", "redriven"])).optional(),
  since: time.optional(),
  until: time.optional(),
});

/** The flags of {@link letterFilterShape}. */
export function withLetterFilters(command: Command): Command {
  return command
    .option(
      "--place <name>",
      "only what lies there: sinks, stream, a consumer group of a sink, or a flow; may be repeated, as the next four",
      collect,
    )
    .option("--topic <name>", "only records that were read from this topic", collect)
    .option("--type <name>", "only of this event type", collect)
    .option("--code <code>", "only what failed for this reason", collect)
    .addOption(oneOf("--state <state>", "only in this state", ["open", "redriven"]).argParser(collect))
    .option("--event-id <id>", "only the event with this id")
    .option("--since <time>", "only what failed at this time or later: 2026-11-22T21:00:00Z, or 90m, 24h, 7d ago")
    .option("--until <time>", "only what failed before this time");
}

export function letterFilterOf(given: z.output<typeof letterFilterShape>): LetterFilter {
  const { place, topic, type, code, eventId, state, since, until } = given;
  return { places: place, topics: topic, types: type, codes: code, eventId, states: state, since, until };
}

const prefixes = { sinks: sinkLetterPrefix, stream: streamLetterPrefix } as const;

/** Whether letters of a place may be meant: what nobody asks for is not read. */
export function concerns({ ids, places }: LetterFilter, place: Letter["place"]): boolean {
  if (ids !== undefined && !ids.some((id) => id.startsWith(prefixes[place]))) return false;
  return places === undefined || places.some((name) => name === place || !(name in prefixes));
}

/** A letter with its bytes, wherever it lies. @throws PipelineError dlq_letter_unknown */
export async function findLetter(
  { db, kafka, log }: Pick<DlqTools, "db" | "kafka" | "log">,
  id: string,
): Promise<{ readonly sinks: WholeSinkLetter } | { readonly stream: StreamLetter }> {
  if (id.startsWith(streamLetterPrefix)) {
    const [stream] = await readStreamLetters({ connection: kafka(), db, log }, { ids: [id] });
    if (stream !== undefined) return { stream };
  } else {
    const sinks = await findSinkLetter(db, id);
    if (sinks !== undefined) return { sinks };
  }
  throw new PipelineError("dlq_letter_unknown", { fields: { letter: id } });
}
