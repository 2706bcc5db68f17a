import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type AuditResult, alertTopic, createAudit, mismatchAlert } from "../audit/index.ts";
import { connectKafka, createProducer, type KafkaConnection, kafkaOptions, shortRetry } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import { createLogger, createMetrics, type Logger, logOptions, messageOf, readOptions } from "../runtime/index.ts";
import { catalogueOptions, createSchemas, schemaOptions } from "../schemas/index.ts";
import { storedTables } from "../sinks/index.ts";
import { createDatabase, storeOptions } from "../store/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { checked } from "./keys-part.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack } from "./running-stack.ts";

const minuteMs = 60_000;
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const shape = z.object({
  from: time.transform((ms) => Math.floor(ms / minuteMs) * minuteMs).optional(),
  to: time.transform((ms) => Math.ceil(ms / minuteMs) * minuteMs).optional(),
  watch: z.coerce.number().int().min(1).max(3_600).optional(),
  json: z.boolean().default(false),
});

/** `hailstream audit`: are the events that were stored still there, each once, and no others? */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("audit")
    .description(
      "Compares the ledger that the sinks write with the rows, and names the events that are missing or too many.",
    )
    .option("--from <time>", "only events of this minute or later: 2026-11-22T21:00:00Z")
    .option("--to <time>", "only events before this minute")
    .option(
      "--watch <seconds>",
      "audit again and again, this long after each end, and raise an alert for each mismatch",
    )
    .option(
      "--json",
      "print the result as one JSON line on standard output, with --watch one for each audit that found another result",
    )
    .addHelpText(
      "after",
      "\nWhat is compared and what the result means: docs/audit.md. Exit code 1: something is missing or too much.",
    );
  withOptions(command, [localOptions, storeOptions, kafkaOptions, schemaOptions, catalogueOptions, logOptions]).action(
    async () => {
      const { from, to, watch, json } = checked(shape, command.opts());
      const source = sourceOf(command, context, optionSets);
      const given = (flag: string, variable: string) => (source.flags?.[flag] ?? source.env?.[variable]) !== undefined;
      const stack = runningStack(source);
      const log = createLogger("audit", readOptions(logOptions, source).level);
      const store = readOptions(storeOptions, source);
      const kafka = readOptions(kafkaOptions, source);
      const registry = readOptions(schemaOptions, source);
      const url = (given("postgres-url", "HAILSTREAM_POSTGRES_URL") ? undefined : stack?.postgres) ?? store.url;
      const brokers = (given("kafka-brokers", "HAILSTREAM_KAFKA_BROKERS") ? undefined : stack?.kafka) ?? kafka.brokers;
      const registryUrl =
        (given("registry-url", "HAILSTREAM_REGISTRY_URL") ? undefined : stack?.registry) ?? registry.url;
      const catalogue = catalogueFrom(source);
      const connection = connectKafka({ ...kafka, brokers }, log, "hailstream-audit", shortRetry);
      // A day of a busy table takes longer than what a service waits for.
      const db = createDatabase({
        name: "audit",
        url,
        log,
        metrics: createMetrics(),
        max: 2,
        statementTimeoutMs: 600_000,
      });
      const tables = storedTables(catalogue.types.values()).filter(({ keeps }) => keeps === "events");
      await db.start(() => undefined);
      try {
        const audit = createAudit({ db, connection, tables });
        const run = () => audit.run({ from, to });
        if (watch === undefined) {
          const result = await run();
          tell(context, result, json);
          if (isWrong(result)) end(exitCodes.failed);
          return;
        }
        const options = { ...registry, url: registryUrl };
        const raise = await createAlarm(connection, { options, catalogue, log, metrics: createMetrics() });
        try {
          await keepOn(run, watch * 1_000, { context, json, log, raise: raise.raise });
        } finally {
          await raise.stop();
        }
      } finally {
        await db.stop();
      }
    },
  );
};

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

type Watching = {
  readonly context: CommandContext;
  readonly json: boolean;
  readonly log: Logger;
  raise(result: AuditResult): Promise<void>;
};

/** Until the user, or the supervisor, has enough. What fails is told and tried again. */
async function keepOn(
  run: () => Promise<AuditResult>,
  everyMs: number,
  { context, json, log, raise }: Watching,
): Promise<void> {
  const quit = new AbortController();
  const stop = () => quit.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    for (let told = ""; !quit.signal.aborted; ) {
      const begin = performance.now();
      try {
        const result = await run();
        const { missing, extra, unnamed } = result;
        const now = JSON.stringify([missing, extra, unnamed]);
        if (now !== told) {
          if (isWrong(result)) await raise(result);
          tell(context, result, json);
          told = now;
        }
      } catch (error) {
        log.warn({ err: error }, `the audit is tried again: ${messageOf(error)}`);
      }
      // Never more than a fifth of the time, however large the tables are.
      const rest = Math.max(everyMs, 4 * (performance.now() - begin));
      await delay(rest, undefined, { signal: quit.signal }).catch(() => undefined);
    }
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** Writes alerts to the topic that webhooks are fed from. */
async function createAlarm(connection: KafkaConnection, parts: Parameters<typeof createSchemas>[0]) {
  const schemas = createSchemas(parts);
  const producer = createProducer({ name: "audit", connection, metrics: parts.metrics, log: parts.log });
  await schemas.start(() => undefined);
  await producer.start(() => undefined);
  return {
    async raise(result: AuditResult) {
      const alert = mismatchAlert(result, schemas, Date.now());
      if (alert !== undefined) await producer.send(alertTopic, [alert]);
    },
    async stop() {
      await producer.stop();
      await schemas.stop();
    },
  };
}
