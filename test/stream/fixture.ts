import { randomUUID } from "node:crypto";
import {
  connectKafka,
  createConsumer,
  createProducer,
  ensureTopics,
  type KafkaConnection,
  type KafkaRecord,
  kafkaOptions,
  type OutgoingRecord,
  topicEnds,
  topicTable,
} from "../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";

export type Fixture = Awaited<ReturnType<typeof createFixture>>;
/** A process that gets no time for some seconds is still a member, so it repeats nothing for that. */
export const sessionTimeoutMs = 30_000;

/** A record of a topic with the partition it was found in. */
export type Found = KafkaRecord & { readonly partition: number };

/** Topics of a test file's own on the shared broker, and what a test does with them. @param names those that it needs; default all */
export async function createFixture(broker: string, names?: readonly string[]) {
  const prefix = `stream-${randomUUID().slice(0, 8)}-`;
  const connection = connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": broker } }), silentLogger);
  const metrics = createMetrics();
  const producer = createProducer({ name: "test", connection, metrics, log: silentLogger });
  await ensureTopics(
    connection,
    topicTable
      .filter(({ name }) => names === undefined || names.includes(name))
      .map((spec) => ({ ...spec, name: prefix + spec.name })),
  );
  await producer.start(() => undefined);
  return {
    prefix,
    connection,
    write: (topic: string, records: readonly OutgoingRecord[]) => producer.send(prefix + topic, records),
    readAll: (topic: string) => readAll(connection, prefix + topic),
    stop: () => producer.stop(),
  };
}

/** Everything in a topic at the moment, by partition and offset. */
async function readAll(connection: KafkaConnection, topic: string): Promise<Found[]> {
  const missing = new Map<number, bigint>();
  for (const { partition, low, high } of await topicEnds(connection, topic))
    if (high > low) missing.set(partition, high);
  if (missing.size === 0) return [];
  const found: Found[] = [];
  const complete = Promise.withResolvers<void>();
  const consumer: Service = createConsumer({
    name: "test reader",
    connection,
    groupId: randomUUID(),
    topics: [topic],
    metrics: createMetrics(),
    log: silentLogger,
    maxWaitMs: 50,
    sessionTimeoutMs,
    async onBatch({ partition, records, nextOffset }) {
      for (const { offset, timestamp, key, value, headers } of records) {
        found.push({ offset, timestamp, key, value, headers, partition });
      }
      if (nextOffset >= (missing.get(partition) ?? 0n)) missing.delete(partition);
      if (missing.size === 0) complete.resolve();
    },
  });
  try {
    await consumer.start(complete.reject);
    await complete.promise;
  } finally {
    await consumer.stop();
  }
  return found.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset));
}

/** Starts a service, runs the work and stops it; the first failure of the service is given to `work`. */
export async function whileRunning<T>(service: Service, work: (failed: Promise<unknown>) => Promise<T>): Promise<T> {
  let fail: (cause: unknown) => void = () => undefined;
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  try {
    await service.start(fail);
    return await work(failed);
  } finally {
    await service.stop();
  }
}
