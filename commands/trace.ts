import { z } from "zod";
import { traceEvent } from "../audit/index.ts";
import { connectKafka, kafkaOptions, shortRetry } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import { createLogger, createMetrics, logOptions, readOptions } from "../runtime/index.ts";
import { catalogueOptions } from "../schemas/index.ts";
import { sinksOptions } from "../sinks/options.ts";
import { createDatabase, storeOptions } from "../store/index.ts";
import { streamOptions } from "../stream/options.ts";
import { auditedTables } from "./audit.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes, printJson, sourceOf, withOptions } from "./command.ts";
import { checked } from "./keys-part.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack, variablesOf } from "./running-stack.ts";
import { describeTrace } from "./trace-words.ts";

const shape = z.object({
  around: z.iso
    .datetime({ offset: true })
    .transform((text) => Date.parse(text))
    .optional(),
  json: z.boolean().default(false),
});

const manual: Manual = {
  examples: [
    "hailstream trace 0198c0de-0000-7000-8000-000000000001",
    "hailstream trace my-own-id --around 2026-11-22T21:11:41Z --json",
  ],
  json: '{"eventId","type":name|null,"outcome":"stored"|"waiting"|"rejected"|"lost"|"unknown","records":[…],"enriched":[…],"deadLetters":[…],"rows":[…],"quarantined":[…],"rejections":[…],"losses":[…],"alerts":[…],"waiting":[…],"searched":{…}}',
  exits: { 1: "nothing of the event was found, or it is lost" },
  notes: "What each field holds: docs/trace.md.",
};

/** `hailstream trace ID`: where an event is and was, and why it stopped there. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("trace <id>")
    .description(
      "Tells where an event is and was: door, topics, processor, row, alerts and their deliveries; or why it stopped.",
    )
    .option(
      "--around <time>",
      "when it arrived, about: for an event that is no row and whose id does not say when it was made",
    )
    .option("--json", "print all that is known as one JSON line on standard output");
  const sets = [localOptions, storeOptions, kafkaOptions, catalogueOptions, logOptions];
  withOptions(command, sets).action(async (id: string) => {
    const { around, json } = checked(shape, command.opts());
    const given = sourceOf(command, context, optionSets);
    const stack = runningStack(given);
    // What is not given is the running local stack's.
    const source = { ...given, env: { ...(stack === undefined ? {} : variablesOf(stack)), ...given.env } };
    const log = createLogger("trace", readOptions(logOptions, source).level);
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-trace", shortRetry);
    const { url } = readOptions(storeOptions, source);
    const db = createDatabase({ name: "trace", url, log, metrics: createMetrics(), max: 4 });
    const catalogue = catalogueFrom(source);
    const tables = auditedTables(catalogue, readOptions(streamOptions, source).groupPrefix);
    const sinkGroup = readOptions(sinksOptions, source).groupId;
    await db.start(() => undefined);
    try {
      const trace = await traceEvent({ db, connection, tables, sinkGroup, log }, id, { aroundMs: around });
      if (json) printJson(context, jsonOf(trace));
      else for (const line of describeTrace(trace)) context.stdout.write(`${line}\n`);
      if (trace.outcome === "unknown" || trace.outcome === "lost") end(exitCodes.failed);
    } finally {
      await db.stop();
    }
  });
  withManual(command, manual);
};

/** Offsets are beyond what a number of JSON holds exactly, so they are texts. */
function jsonOf(trace: unknown): unknown {
  return JSON.parse(JSON.stringify(trace, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
}
