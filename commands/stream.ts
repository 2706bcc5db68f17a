import { connectKafka, kafkaOptions } from "../kafka/index.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  logOptions,
  readOptions,
  runUntilStopped,
} from "../runtime/index.ts";
import { createSchemas, schemaOptions } from "../schemas/index.ts";
import { createDatabase, storeOptions } from "../store/index.ts";
import { createStream, streamOptions } from "../stream/index.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { optionSets } from "./option-sets.ts";

/** `hailstream stream`: the stream processors as a process of its own; any number of them share the work. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("stream")
    .description(
      "Enriches driver locations and trip events, makes accounts of trips and of drivers' hours, and turns safety events into alerts.",
    )
    .option("--json", "print one JSON line on standard output when ready");
  withOptions(command, [streamOptions, kafkaOptions, schemaOptions, storeOptions, logOptions]).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const options = readOptions(streamOptions, source);
    const kafka = readOptions(kafkaOptions, source);
    const registry = readOptions(schemaOptions, source);
    const store = readOptions(storeOptions, source);
    const log = createLogger("stream", readOptions(logOptions, source).level);
    const metrics = createMetrics({ processMetrics: true });

    const connection = connectKafka(kafka, log, "hailstream-stream");
    const schemas = createSchemas({ options: registry, log, metrics });
    const db = createDatabase({
      name: "stream",
      url: store.sinkUrl ?? store.url,
      log,
      metrics,
      max: store.maxConnections,
      statementTimeoutMs: store.statementTimeoutMs,
      lockTimeoutMs: store.lockTimeoutMs,
      idleInTransactionTimeoutMs: store.idleInTransactionTimeoutMs,
    });
    // Without its database, what needs no memory goes on: enrichment and alerts.
    const memory = createService({
      name: "stream memory",
      start: (fail) =>
        void db.start(fail).catch((error: unknown) => log.warn({ err: error }, "Postgres does not answer")),
      stop: () => db.stop(),
    });
    const stream = createStream({ options, connection, schemas, db, metrics, log });
    const ready = createService({
      name: "ready line",
      start() {
        if (command.opts().json === true) printJson(context, { ready: true, metrics: stream.url });
        else say(context, `stream processors run; their health is at ${stream.url}`);
      },
      stop: () => undefined,
    });
    const { exitCode } = await runUntilStopped(composeServices("stream", [schemas, memory, stream, ready]), log);
    end(exitCode);
  });
};
