import { collectorUrlFrom, createAcknowledgements, createIngest, ingestOptions } from "../ingest/index.ts";
import { connectKafka, createProducer, kafkaOptions } from "../kafka/index.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  createWorkers,
  joinWorkers,
  logOptions,
  readOptions,
  runUntilStopped,
} from "../runtime/index.ts";
import { catalogueOptions, createSchemas, schemaOptions } from "../schemas/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: [
    "hailstream ingest --kafka-brokers kafka:9092 --registry-url http://registry:8081 --ingest-api-keys-file keys.json",
    "hailstream ingest --ingest-processes 4  # four processes behind one port",
  ],
  json: '{"ready":true,"ingest":URL}',
  exits: { 0: "stopped by Ctrl-C or SIGTERM", 1: "it failed" },
  notes: "One line when it is ready; it runs until it is stopped.",
};

/** `hailstream ingest`: the front door as a process of its own; any number of them may run. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("ingest")
    .description("Accepts events over HTTP (POST /v1/events), checks them and writes them to Kafka.")
    .option("--json", "print one JSON line on standard output when ready");
  withOptions(command, [ingestOptions, kafkaOptions, schemaOptions, catalogueOptions, logOptions]).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const options = readOptions(ingestOptions, source);
    const kafka = readOptions(kafkaOptions, source);
    const registry = readOptions(schemaOptions, source);
    const log = createLogger("ingest", readOptions(logOptions, source).level);
    const metrics = createMetrics({ processMetrics: true });
    const announce = (url: unknown) => {
      if (command.opts().json === true) printJson(context, { ready: true, ingest: url });
      else say(context, `ingest listens on ${url}`);
    };

    const worker = joinWorkers(metrics);
    if (worker === undefined && options.processes > 1) {
      const workers = createWorkers({ name: "ingest workers", count: options.processes });
      const ready = createService({
        name: "ready line",
        start: () => announce(workers.said[0]),
        stop: () => undefined,
      });
      const { exitCode } = await runUntilStopped(composeServices("ingest", [workers, ready]), log);
      end(exitCode);
      return;
    }
    const connection = connectKafka(kafka, log, "hailstream-ingest");
    const schemas = createSchemas({ options: registry, log, metrics, catalogue: catalogueFrom(source) });
    const acknowledgements = createAcknowledgements({
      topics: new Set([...schemas.catalogue.types.values()].map(({ topic }) => topic)),
      send: (topic, records) => producer.send(topic, records),
      ...{ metrics, log },
    });
    const producer = createProducer({
      name: "ingest",
      ...(options.acknowledgements ? { onAcknowledged: acknowledgements.take } : {}),
      connection,
      metrics,
      log,
      maxBufferedBytes: options.maxBufferedBytes,
      deliveryTimeoutMs: options.produceTimeoutMs,
      lingerMs: options.lingerMs,
      // Without Kafka the door is open all the same, and tells every client when to come again.
      waitForConnection: false,
    });
    const tracingUrl = collectorUrlFrom(context.env);
    const ingest = createIngest({
      options,
      ...(tracingUrl === undefined ? {} : { tracingUrl }),
      schemas,
      producer,
      metrics,
      log,
      ...(worker === undefined ? {} : { metricsText: worker.metricsText, worker: worker.number }),
    });
    const ready = createService({
      name: "ready line",
      start: () => (worker === undefined ? announce(ingest.url) : worker.ready(ingest.url)),
      stop: () => undefined,
    });
    const service = composeServices("ingest", [schemas, producer, acknowledgements, ingest, ready]);
    const { exitCode } = await runUntilStopped(service, log, worker?.stop);
    end(exitCode);
  });
  withManual(command, manual);
};
