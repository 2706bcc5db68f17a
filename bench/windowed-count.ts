import { connectKafka, createProducer, headerText, kafkaOptions } from "../kafka/index.ts";
import { composeServices, createLogger, createMetrics, readOptions, runUntilStopped } from "../runtime/index.ts";
import { createDatabase } from "../store/index.ts";
import { createRememberingRunner, deadLetter, forward, type Reader, resultId, windowedFlow } from "../stream/index.ts";

/** Our side of the windowed bench: the count that `WindowPeer.java` makes, with the engine as it runs in production. */
const [broker = "", from = "", to = "", group = "", postgres = ""] = process.argv.slice(2);

type Seen = { readonly key: string; readonly timeMs: number };

const readSeen: Reader<Seen> = function readSeen(record) {
  const timeMs = Date.parse(headerText(record, "ce_time") ?? "");
  if (record.key === null || Number.isNaN(timeMs)) return deadLetter("stream_envelope_missing", "no key or no time");
  return forward({ key: record.key.toString(), timeMs });
};

const name = "windowed-count";
const flow = windowedFlow<Seen, number>({
  ...{ name, source: from, read: readSeen, outputs: [to], latenessMs: 10_000 },
  windows: { sizeMs: 60_000, allowedLatenessMs: 0 },
  aggregate: { keyOf: ({ key }) => key, timeOf: ({ timeMs }) => timeMs, add: (count = 0) => count + 1 },
  write: (result) => ({
    ...{ topic: to, key: result.key, value: Buffer.from(String(result.value)) },
    headers: { ce_id: resultId(name, result) },
  }),
});

const log = createLogger(name, "warn");
const metrics = createMetrics();
const connection = connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": broker } }), log);
const db = createDatabase({ name, url: postgres, log, metrics, max: 8 });
const producer = createProducer({ name, connection, metrics, log });
const runner = createRememberingRunner({
  ...{ flow, connection, db, producer, metrics, log },
  ...{ groupPrefix: group, concurrency: 3, idleMs: 30_000, maxCachedKeys: 20_000 },
});
await runUntilStopped(composeServices(name, [db, producer, runner]), log);
