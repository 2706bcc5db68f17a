import { connectKafka, createConsumer, createProducer, kafkaOptions } from "../kafka/index.ts";
import { composeServices, createLogger, createMetrics, readOptions, runUntilStopped } from "../runtime/index.ts";
import { headersOf } from "../stream/index.ts";

/** The limit of the stream bench: the same bytes from topic to topic through our kafka/ station, with no step between. */
const [broker = "", from = "", to = "", groupId = ""] = process.argv.slice(2);
const log = createLogger("pass-through", "warn");
const metrics = createMetrics();
const connection = connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": broker } }), log);
const producer = createProducer({ name: "pass-through", connection, metrics, log });
const consumer = createConsumer({
  name: "pass-through",
  connection,
  groupId,
  topics: [from],
  metrics,
  log,
  concurrency: 6,
  onBatch: ({ records, partition }) =>
    producer.send(
      to,
      records.map((record) => ({ key: record.key, value: record.value, headers: headersOf(record), partition })),
    ),
});
await runUntilStopped(composeServices("pass-through", [producer, consumer]), log);
