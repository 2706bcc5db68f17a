import { z } from "zod";
import { type AuditedTable, type AuditResult, auditOptions, createAudit, createAuditor } from "../audit/index.ts";
import { connectKafka, kafkaOptions, outageRetry, shortRetry } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  logOptions,
  readOptions,
  runUntilStopped,
} from "../runtime/index.ts";
import { type Catalogue, catalogueOptions, createSchemas, schemaOptions } from "../schemas/index.ts";
import { storedTables } from "../sinks/index.ts";
import { sinksOptions } from "../sinks/options.ts";
import { createDatabase, storeOptions } from "../store/index.ts";
import { streamOptions } from "../stream/options.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { checked } from "./keys-part.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack, variablesOf } from "./running-stack.ts";

const minuteMs = 60_000;
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const shape = z.object({
  from: time.transform((ms) => Math.floor(ms / minuteMs) * minuteMs).optional(),
  to: time.transform((ms) => Math.ceil(ms / minuteMs) * minuteMs).optional(),
  watch: z.boolean().default(false),
  json: z.boolean().default(false),
});
/** A day of a busy table takes longer than what a service waits for. */
const statementTimeoutMs = 600_000;

const manual: Manual = {
  examples: [
    "hailstream audit                                # everything there is",
    "hailstream audit --from 2026-11-22T21:00:00Z --to 2026-11-22T22:00:00Z --json",
    "hailstream audit --watch                        # as a service that tells alert rules",
  ],
  json: '{"from":time|null,"to":time|null,"checked","missing":[{"id","type","where"}],"extra":[{"id","type","where"}],"unnamed":[{"type","where","minute","rows","stored"}]}',
  exits: { 1: "something is missing or too much" },
  notes: `With --watch the first line is {"ready":true,"metrics":URL}, then comes each result that differs from the one before.
What is compared and what the result means: docs/audit.md.`,
};

/** `hailstream audit`: are the events that were stored still there, each once, and no others? */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("audit")
    .description(
      "Compares the ledger that the sinks write with the rows, and names the events that are missing or too many.",
    )
    .option("--from <time>", "only events of this minute or later: 2026-11-22T21:00:00Z")
    .option("--to <time>", "only events before this minute")
    .option("--watch", "as a process: audits all again and again, measures lag, and tells alert rules what is wrong")
    .option(
      "--json",
      "print the result as one JSON line on standard output, with --watch first a line when ready, then each result that differs",
    );
  const sets = [localOptions, auditOptions, storeOptions, kafkaOptions, schemaOptions, catalogueOptions, logOptions];
  withOptions(command, sets).action(async () => {
    const { from, to, watch, json } = checked(shape, command.opts());
    const given = sourceOf(command, context, optionSets);
    const stack = runningStack(given);
    // What is not given is the running local stack's.
    const source = { ...given, env: { ...(stack === undefined ? {} : variablesOf(stack)), ...given.env } };
    const log = createLogger("audit", readOptions(logOptions, source).level);
    const metrics = createMetrics({ processMetrics: watch });
    const retry = watch ? outageRetry : shortRetry;
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-audit", retry);
    const { url } = readOptions(storeOptions, source);
    const db = createDatabase({ name: "audit", url, log, metrics, max: 3, statementTimeoutMs });
    const catalogue = catalogueFrom(source);
    const tables = auditedTables(catalogue, readOptions(streamOptions, source).groupPrefix);
    const sinkGroup = readOptions(sinksOptions, source).groupId;
    if (!watch) {
      await db.start(() => undefined);
      try {
        const result = await createAudit({ db, connection, tables, sinkGroup, log }).run({ from, to });
        tell(context, result, json);
        if (isWrong(result)) end(exitCodes.failed);
      } finally {
        await db.stop();
      }
      return;
    }
    const schemas = createSchemas({ options: readOptions(schemaOptions, source), log, metrics, catalogue });
    const options = readOptions(auditOptions, source);
    const onResult = tellChanges(context, json);
    const auditor = createAuditor({ options, db, connection, schemas, tables, sinkGroup, metrics, log, onResult });
    const running = createService({
      name: "audit runs",
      start() {
        if (json) printJson(context, { ready: true, metrics: auditor.url });
        else say(context, `the audit runs; its health is at ${auditor.url}`);
      },
      stop: () => undefined,
    });
    const { exitCode } = await runUntilStopped(composeServices("audit", [db, schemas, auditor, running]), log);
    end(exitCode);
  });
  withManual(command, manual);
};

/** Where the events of each table come from. The processor that enriches a topic is named after it. */
export function auditedTables({ types }: Catalogue, groupPrefix: string): readonly AuditedTable[] {
  return storedTables(types.values())
    .filter(({ keeps }) => keeps === "events")
    .map(({ type, tableName, topic }) => {
      const { topic: source = topic, keyField = "" } = types.get(type) ?? {};
      const enrichedBy = source === topic ? {} : { enrichedBy: `${groupPrefix}enrich-${source}` };
      return { type, tableName, keyField, source, topic, ...enrichedBy };
    });
}

const isWrong = ({ missing, extra, unnamed }: AuditResult) => missing.length + extra.length + unnamed.length > 0;

function tell(context: CommandContext, result: AuditResult, json: boolean): void {
  const { checked: events, missing, extra, unnamed } = result;
  if (json) {
    printJson(context, result);
    return;
  }
  for (const { id, type, where } of missing) context.stdout.write(`missing  ${type}  ${id}  in ${where}\n`);
  for (const { id, type, where } of extra) context.stdout.write(`extra    ${type}  ${id}  in ${where}\n`);
  for (const { type, minute, rows, stored } of unnamed)
    context.stdout.write(
      `differs  ${type}  ${minute}  ${rows} rows, ${stored} were stored; Kafka no longer has them\n`,
    );
  const words = isWrong(result)
    ? `${missing.length} missing, ${extra.length} too many, ${unnamed.length} minutes differ`
    : "all in place";
  say(context, `${events} events compared: ${words}.`);
}

/** Tells each result that finds something else than the one before. */
function tellChanges(context: CommandContext, json: boolean): (result: AuditResult) => void {
  let told = JSON.stringify([[], [], []]);
  return (result) => {
    const { missing, extra, unnamed } = result;
    const now = JSON.stringify([missing, extra, unnamed]);
    if (now !== told) tell(context, result, json);
    told = now;
  };
}
