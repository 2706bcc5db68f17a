import { connectKafka, kafkaOptions } from "../kafka/index.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  logOptions,
  readOptions,
  runStation,
} from "../runtime/index.ts";
import { catalogueOptions, createSchemas, schemaOptions } from "../schemas/index.ts";
import { createSinks, sinksOptions } from "../sinks/index.ts";
import { webhookOptions } from "../sinks/webhook/index.ts";
import { storeOptions } from "../store/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: [
    "hailstream sinks --kafka-brokers kafka:9092 --registry-url http://registry:8081 --postgres-url postgres://…",
  ],
  json: '{"ready":true,"metrics":URL}',
  exits: { 0: "stopped by Ctrl-C or SIGTERM", 1: "it failed" },
  notes: "One line when it is ready; it runs until it is stopped.",
};

/** `hailstream sinks`: the sinks as a process of its own; any number of them share the work. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("sinks")
    .description("Stores events in Postgres, each exactly once, loads the quarantine, and sends alerts to webhooks.")
    .option("--json", "print one JSON line on standard output when ready");
  const sets = [sinksOptions, webhookOptions, storeOptions, kafkaOptions, schemaOptions, catalogueOptions, logOptions];
  withOptions(command, sets).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const log = createLogger("sinks", readOptions(logOptions, source).level);
    const metrics = createMetrics({ processMetrics: true });
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-sinks");
    const schemas = createSchemas({
      options: readOptions(schemaOptions, source),
      log,
      metrics,
      catalogue: catalogueFrom(source),
    });
    const sinks = createSinks({
      options: readOptions(sinksOptions, source),
      store: readOptions(storeOptions, source),
      webhook: readOptions(webhookOptions, source),
      connection,
      schemas,
      metrics,
      log,
    });
    const ready = createService({
      name: "ready line",
      start() {
        if (command.opts().json === true) printJson(context, { ready: true, metrics: sinks.url });
        else say(context, `sinks run; their health is at ${sinks.url}`);
      },
      stop: () => undefined,
    });
    const { exitCode } = await runStation(composeServices("sinks", [schemas, sinks, ready]), log);
    end(exitCode);
  });
  withManual(command, manual);
};
