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
import { createLake } from "../sinks/lake/index.ts";
import { lakeOptions } from "../sinks/lake/options.ts";
import { storeOptions } from "../store/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: [
    "hailstream lake --lake-dir /var/lib/events",
    "hailstream lake --lake-s3-bucket events --lake-s3-region eu-central-1",
  ],
  json: '{"ready":true,"storage":place,"metrics":URL}',
  exits: { 0: "stopped by Ctrl-C or SIGTERM", 1: "it failed" },
  notes: "One line when it is ready; it runs until it is stopped.",
};

/** `hailstream lake`: Parquet files of all events; any number of these processes share the work. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("lake")
    .description("Writes events as Parquet files into a folder or a bucket, each exactly once.")
    .option("--json", "print one JSON line on standard output when ready");
  const sets = [lakeOptions, storeOptions, kafkaOptions, schemaOptions, catalogueOptions, logOptions];
  withOptions(command, sets).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const log = createLogger("lake", readOptions(logOptions, source).level);
    const metrics = createMetrics({ processMetrics: true });
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-lake");
    const schemas = createSchemas({
      options: readOptions(schemaOptions, source),
      log,
      metrics,
      catalogue: catalogueFrom(source),
    });
    const lake = createLake({
      options: readOptions(lakeOptions, source),
      store: readOptions(storeOptions, source),
      connection,
      schemas,
      metrics,
      log,
    });
    const ready = createService({
      name: "ready line",
      start() {
        if (command.opts().json === true) printJson(context, { ready: true, storage: lake.storage, metrics: lake.url });
        else say(context, `files go to ${lake.storage}; the health of the lake is at ${lake.url}`);
      },
      stop: () => undefined,
    });
    const { exitCode } = await runStation(composeServices("lake", [schemas, lake, ready]), log);
    end(exitCode);
  });
  withManual(command, manual);
};
