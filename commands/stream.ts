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
import { createDatabase, storeOptions } from "../store/index.ts";
import { createStream, loadTopology, streamOptions } from "../stream/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: [
    "hailstream stream --kafka-brokers kafka:9092 --registry-url http://registry:8081 --postgres-url postgres://…",
    "hailstream stream --stream-kind stateful     # only what remembers",
    "hailstream stream --stream-topology orders.ts --schemas-dir schemas  # a domain of your own",
  ],
  json: '{"ready":true,"metrics":URL}',
  exits: { 0: "stopped by Ctrl-C or SIGTERM", 1: "it failed" },
  notes: "One line when it is ready; it runs until it is stopped.",
};

/** `hailstream stream`: the stream processors as a process of its own; any number of them share the work. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("stream")
    .description(
      "Enriches driver locations and trip events, makes accounts of trips and of drivers' hours, turns safety events into alerts; or runs the topology of a file.",
    )
    .option("--json", "print one JSON line on standard output when ready");
  withOptions(command, [streamOptions, kafkaOptions, schemaOptions, catalogueOptions, storeOptions, logOptions]).action(
    async () => {
      const source = sourceOf(command, context, optionSets);
      const options = readOptions(streamOptions, source);
      const kafka = readOptions(kafkaOptions, source);
      const registry = readOptions(schemaOptions, source);
      const store = readOptions(storeOptions, source);
      const log = createLogger("stream", readOptions(logOptions, source).level);
      const metrics = createMetrics({ processMetrics: true });

      const connection = connectKafka(kafka, log, "hailstream-stream");
      const schemas = createSchemas({ options: registry, log, metrics, catalogue: catalogueFrom(source) });
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
      const topology = options.topology === undefined ? undefined : await loadTopology(options.topology, schemas);
      const own = topology === undefined ? {} : { topology };
      const stream = createStream({ options, connection, schemas, db, metrics, log, ...own });
      const ready = createService({
        name: "ready line",
        start() {
          if (command.opts().json === true) printJson(context, { ready: true, metrics: stream.url });
          else say(context, `stream processors run; their health is at ${stream.url}`);
        },
        stop: () => undefined,
      });
      const { exitCode } = await runStation(composeServices("stream", [schemas, memory, stream, ready]), log);
      end(exitCode);
    },
  );
  withManual(command, manual);
};
