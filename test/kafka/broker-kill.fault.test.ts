import { afterAll, beforeAll, expect, test } from "vitest";
import {
  connectKafka,
  createConsumer,
  createProducer,
  createTableReader,
  ensureTopics,
  kafkaOptions,
  topicEnds,
} from "../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { eventually } from "../support/wait.ts";

/** Within what Kafka's clients have. */
const patience = { timeoutMs: 100_000 };
let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.stop());

/**
 * Three senders write while the broker is killed twice. What was acknowledged must be in the topic once and in order per key.
 * A consumer whose patience ends in the outage fails; then, as its supervisor would, the test starts another.
 */
test("kill -9 of the broker loses nothing that was acknowledged and repeats nothing", async () => {
  const connection = connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": stack.kafka } }), silentLogger);
  const topic = "broker-kill";
  await ensureTopics(connection, [{ name: topic, partitions: 3, cleanup: "delete" }]);
  const metrics = createMetrics();
  const out = createProducer({ name: "test", connection, metrics, log: silentLogger, deliveryTimeoutMs: 110_000 });
  const failures: unknown[] = [];
  const fail = (cause: unknown) => void failures.push(cause);
  await out.start(fail);

  const read: string[] = [];
  const consumers: Service[] = [];
  const consume = async (): Promise<void> => {
    const consumer = createConsumer({
      name: "test",
      connection,
      groupId: "broker-kill",
      topics: [topic],
      metrics,
      log: silentLogger,
      concurrency: 3,
      maxWaitMs: 100,
      onBatch: async (batch) => void read.push(...batch.records.map((record) => String(record.value))),
    });
    consumers.push(consumer);
    await consumer.start(() => void consumer.stop().then(consume).catch(fail));
  };
  await consume();

  const acknowledged: string[] = [];
  let sending = true;
  const sender = async (lane: number) => {
    for (let n = 0; sending; n++) {
      const values = Array.from({ length: 50 }, (_, i) => `${lane} ${n * 50 + i}`);
      await out.send(
        topic,
        values.map((value) => ({ key: `lane-${lane}`, value: Buffer.from(value) })),
      );
      acknowledged.push(...values);
    }
  };
  const sent = Promise.all([1, 2, 3].map(sender));
  sent.catch(fail);
  const broker = stack.stack.children.find((child) => /kafka/i.test(child.name));
  for (let kill = 1; kill <= 2; kill++) {
    const before = acknowledged.length;
    await eventually(() => acknowledged.length > before + 3_000, patience);
    const restarts = broker?.restarts ?? 0;
    process.kill(broker?.pid ?? Number.NaN, "SIGKILL");
    await eventually(() => (broker?.restarts ?? 0) > restarts && broker?.state === "ready", patience);
  }
  const before = acknowledged.length;
  await eventually(() => acknowledged.length > before + 3_000, patience);
  sending = false;
  await sent;

  await eventually(() => new Set(read).size >= acknowledged.length, patience);
  expect(failures).toEqual([]);
  const lost = acknowledged.filter(
    (
      (seen) => (value: string) =>
        !seen.has(value)
    )(new Set(read)),
  );
  expect(lost).toEqual([]);
  const ends = await topicEnds(connection, topic);
  expect(ends.reduce((sum, end) => sum + Number(end.high), 0)).toBe(acknowledged.length);
  for (const lane of [1, 2, 3]) {
    // The consumer may read again what it had not committed; the first sight of each record is in order.
    const first = [...new Set(read.filter((value) => value.startsWith(`${lane} `)))];
    expect(first).toEqual(first.map((_, i) => `${lane} ${i}`));
  }
  for (const consumer of consumers) await consumer.stop();
  await out.stop();
});

/** By themselves they would wait for twice the time that a request has, a minute. */
test("what reads stops although the broker does not answer", { timeout: 45_000 }, async () => {
  const connection = connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": stack.kafka } }), silentLogger);
  const topic = "broker-silent";
  await ensureTopics(connection, [{ name: topic, partitions: 1, cleanup: "compact" }]);
  const common = { name: "silent", connection, topics: [topic], metrics: createMetrics(), log: silentLogger };
  const consumer = createConsumer({ ...common, groupId: topic, onBatch: async () => undefined });
  const table = createTableReader({ ...common, onRecord: () => undefined });
  const fail = (cause: unknown) => expect.fail(String(cause));
  await Promise.all([consumer.start(fail), table.start(fail)]);
  const broker = stack.stack.children.find((child) => /kafka/i.test(child.name));
  const pid = broker?.pid ?? Number.NaN;
  process.kill(pid, "SIGSTOP");
  try {
    await Promise.all([consumer.stop(), table.stop()]);
  } finally {
    process.kill(pid, "SIGCONT");
  }
});
