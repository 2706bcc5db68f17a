import { connectKafka, createProducer, kafkaOptions } from "../../../kafka/index.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  readOptions,
  runUntilStopped,
} from "../../../runtime/index.ts";
import { createSchemas, schemaOptions } from "../../../schemas/index.ts";
import { createDatabase } from "../../../store/index.ts";
import {
  alertKeepingFlow,
  createRememberingRunner,
  createRunner,
  matchingFlows,
  noSilences,
} from "../../../stream/index.ts";
import { rulesOf } from "./alert-driver.ts";

/** Those who match events and keep alerts as a process that a test can kill. Prints a line when it has joined its groups. */
const [broker = "", registry = "", cacheDir = "", prefix = "", url = "", ...texts] = process.argv.slice(2);
const flags = { "kafka-brokers": broker, "registry-url": registry, "registry-cache-dir": cacheDir };
// A member that ends by itself says why.
const log = createLogger("alerts", "warn");
const common = { metrics: createMetrics(), log };
const connection = connectKafka(readOptions(kafkaOptions, { flags }), log);
const schemas = createSchemas({ options: readOptions(schemaOptions, { flags }), ...common });
const db = createDatabase({ name: "alerts", url, ...common, max: 4 });
const producer = createProducer({ name: "alerts", connection, ...common });
const rules = rulesOf(schemas, ...texts);
// The shortest that a broker allows: a killed member is replaced soon.
const sessionTimeoutMs = 6_000;
const parts = { ...common, connection, producer, topicPrefix: prefix, groupPrefix: prefix, sessionTimeoutMs };
const matching = matchingFlows(schemas, rules).map((flow) => createRunner({ ...parts, flow }));
const keeping = createRememberingRunner({
  ...{ ...parts, flow: alertKeepingFlow(schemas, rules, noSilences), db },
  ...{ idleMs: 1_000, maxCachedKeys: 20 },
});
const ready = createService({
  name: "ready",
  start: () => void process.stdout.write("ready\n"),
  stop: () => undefined,
});
const all = composeServices("alerts", [schemas, db, producer, ...matching, keeping, ready]);
process.exitCode = (await runUntilStopped(all, log)).exitCode;
