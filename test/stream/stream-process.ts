import { connectKafka, kafkaOptions } from "../../kafka/index.ts";
import {
  composeServices,
  createMetrics,
  createService,
  readOptions,
  runUntilStopped,
  silentLogger,
} from "../../runtime/index.ts";
import { createSchemas, schemaOptions } from "../../schemas/index.ts";
import { createDatabase } from "../../store/index.ts";
import { createStream, streamOptions } from "../../stream/index.ts";

/** The stream processor as a process that a test can kill. Prints a line when it is ready. */
const [broker = "", registry = "", cacheDir = "", prefix = ""] = process.argv.slice(2);
const flags = {
  "kafka-brokers": broker,
  "registry-url": registry,
  "registry-cache-dir": cacheDir,
  "stream-metrics-port": "0",
  "stream-group-prefix": prefix,
  // Those without a memory: this test has no database.
  "stream-flows": "enrich-driver-locations,enrich-trip-events,match-safety",
};
const metrics = createMetrics();
const log = silentLogger;
const connection = connectKafka(readOptions(kafkaOptions, { flags }), log);
const schemas = createSchemas({ options: readOptions(schemaOptions, { flags }), log, metrics });
const options = readOptions(streamOptions, { flags });
const db = createDatabase({ name: "none", url: "postgres://127.0.0.1:9/none", log, metrics });
const stream = createStream({ options, connection, schemas, db, metrics, log, topicPrefix: prefix });
const ready = createService({
  name: "ready",
  start: () => void process.stdout.write("ready\n"),
  stop: () => undefined,
});
const { exitCode } = await runUntilStopped(composeServices("test", [schemas, stream, ready]), log);
process.exitCode = exitCode;
