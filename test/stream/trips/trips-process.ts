import { connectKafka, createProducer, kafkaOptions } from "../../../kafka/index.ts";
import {
  composeServices,
  createMetrics,
  createService,
  readOptions,
  runUntilStopped,
  silentLogger,
} from "../../../runtime/index.ts";
import { createSchemas, schemaOptions } from "../../../schemas/index.ts";
import { createDatabase } from "../../../store/index.ts";
import { createRememberingRunner, rememberingFlow } from "../../../stream/index.ts";
import { foldTrip } from "../../../stream/trips/fold-trip.ts";
import { readTripSignal } from "../../../stream/trips/trip-event.ts";
import { writeTrip } from "../../../stream/trips/write-trip.ts";
import { quickRules } from "./trips.ts";

/** The processor of trips as a process that a test can kill. Prints a line when it has joined its group. */
const [broker = "", registry = "", cacheDir = "", prefix = "", url = ""] = process.argv.slice(2);
const flags = { "kafka-brokers": broker, "registry-url": registry, "registry-cache-dir": cacheDir };
const common = { metrics: createMetrics(), log: silentLogger };
const connection = connectKafka(readOptions(kafkaOptions, { flags }), silentLogger);
const schemas = createSchemas({ options: readOptions(schemaOptions, { flags }), ...common });
const db = createDatabase({ name: "trips", url, ...common, max: 4 });
const producer = createProducer({ name: "trips", connection, ...common });
const flow = rememberingFlow({
  ...{ name: "fold-trips", source: "trip-signals", outputs: ["trips"], read: readTripSignal(schemas) },
  ...{ step: foldTrip(quickRules), latenessMs: quickRules.latenessMs, write: writeTrip(schemas) },
});
const runner = createRememberingRunner({
  ...{ ...common, flow, connection, db, producer, topicPrefix: prefix, groupPrefix: prefix },
  // Few keys at hand, so that memories are read from the database as well.
  ...{ idleMs: 1_000, maxCachedKeys: 20, sessionTimeoutMs: 6_000 },
});
const ready = createService({
  name: "ready",
  start: () => void process.stdout.write("ready\n"),
  stop: () => undefined,
});
const all = composeServices("trips", [schemas, db, producer, runner, ready]);
process.exitCode = (await runUntilStopped(all, silentLogger)).exitCode;
