import { randomUUID } from "node:crypto";
import { afterEach, expect, inject, test } from "vitest";
import {
  connectKafka,
  createConsumer,
  createProducer,
  createTableReader,
  ensureTopics,
  groupLag,
  headerText,
  kafkaOptions,
  type OutgoingRecord,
  partitionOf,
  type RecordBatch,
  topicEnds,
} from "../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";

const log = silentLogger;
/** A process that gets no time for some seconds is still a member: nothing is read twice for that. */
const sessionTimeoutMs = 30_000;
const running: Service[] = [];
afterEach(async () => {
  for (const service of running.splice(0).reverse()) await service.stop();
});

function connection() {
  return connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": inject("kafka") } }), log);
}

async function freshTopic(partitions = 3, cleanup: "delete" | "compact" = "delete"): Promise<string> {
  const name = `kafka-test-${randomUUID()}`;
  await ensureTopics(connection(), [{ name, partitions, cleanup }]);
  return name;
}

async function started<S extends Service>(service: S, fail: (cause: unknown) => void = () => undefined): Promise<S> {
  running.push(service);
  await service.start(fail);
  return service;
}

const producer = () =>
  started(createProducer({ name: "test", connection: connection(), metrics: createMetrics(), log }));

type Seen = { readonly key: string; readonly partition: number; readonly text: string };
type Collecting = {
  readonly onBatch?: (batch: RecordBatch) => Promise<void>;
  readonly startAt?: (topic: string, partition: number) => bigint;
};
async function collect(topic: string, groupId: string, o: Collecting = {}) {
  const seen: Seen[] = [];
  const failures: unknown[] = [];
  const service = await started(
    createConsumer({
      name: "test",
      connection: connection(),
      groupId,
      topics: [topic],
      metrics: createMetrics(),
      log,
      concurrency: 3,
      maxWaitMs: 50,
      sessionTimeoutMs,
      ...(o.startAt === undefined ? {} : { startAt: o.startAt }),
      async onBatch(batch) {
        await o.onBatch?.(batch);
        for (const record of batch.records) {
          seen.push({
            key: String(record.key),
            partition: batch.partition,
            text: `${record.value} ${headerText(record, "n")}`,
          });
        }
      },
    }),
    (cause) => failures.push(cause),
  );
  return { seen, failures, service };
}

const numbered = (keys: number, count: number, first = 0): OutgoingRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    key: `k${i % keys}`,
    value: Buffer.from(`v${first + i}`),
    headers: { n: String(first + i) },
  }));

test("what concurrent calls send is there exactly once, whole, in order per key and in Java's partition", async () => {
  const topic = await freshTopic();
  const out = await producer();
  const records = numbered(50, 6_000);
  const sends: Promise<void>[] = [];
  for (let i = 0; i < records.length; i += 7) sends.push(out.send(topic, records.slice(i, i + 7)));
  await Promise.all(sends);
  expect(out.bufferedBytes).toBe(0);

  const { seen } = await collect(topic, `g-${randomUUID()}`);
  await eventually(() => expect(seen.length).toBe(records.length));
  for (let k = 0; k < 50; k++) {
    const ofKey = seen.filter((s) => s.key === `k${k}`);
    expect(ofKey.map((s) => s.text)).toEqual(
      records.filter((r) => r.key === `k${k}`).map((r) => `${r.value} ${String(r.value).slice(1)}`),
    );
    expect(new Set(ofKey.map((s) => s.partition))).toEqual(new Set([partitionOf(`k${k}`, 3)]));
  }
});

test("a handler that throws fails the service, and a later member gets the same batch", async () => {
  const topic = await freshTopic(1);
  await (await producer()).send(topic, numbered(1, 10));
  const groupId = `g-${randomUUID()}`;
  let calls = 0;
  const broken = await collect(topic, groupId, {
    async onBatch() {
      calls++;
      throw new Error("the handler is broken");
    },
  });
  await eventually(() => expect(broken.failures.map(String)).toEqual(["Error: the handler is broken"]));
  await broken.service.stop();
  expect(calls).toBe(1);
  const { seen } = await collect(topic, groupId);
  await eventually(() => expect(seen.length).toBe(10));
});

test("a handler that throws a TypeError fails the service too", async () => {
  const topic = await freshTopic(1);
  await (await producer()).send(topic, numbered(1, 1));
  const { failures } = await collect(topic, `g-${randomUUID()}`, {
    async onBatch() {
      throw new TypeError("undefined is not a function");
    },
  });
  await eventually(() => expect(failures.length).toBe(1));
});

test("seek reads a partition again, and the batch's offset is not committed", async () => {
  const topic = await freshTopic(1);
  await (await producer()).send(topic, numbered(1, 20));
  const starts: bigint[] = [];
  await started(
    createConsumer({
      name: "test",
      connection: connection(),
      groupId: `g-${randomUUID()}`,
      topics: [topic],
      metrics: createMetrics(),
      log,
      maxWaitMs: 50,
      sessionTimeoutMs,
      async onBatch(batch, control) {
        starts.push(batch.firstOffset);
        if (starts.length === 1) control.seek(5n);
      },
    }),
  );
  await eventually(() => expect(starts.slice(0, 2)).toEqual([0n, 5n]));
});

test("a place to begin at goes before what the group has committed, and what lies before it is not read", async () => {
  const topic = await freshTopic(2);
  const out = await producer();
  await out.send(topic, numbered(20, 200));
  const groupId = `g-${randomUUID()}`;
  const first = await collect(topic, groupId);
  await eventually(() => expect(first.seen.length).toBe(200));
  await first.service.stop();
  // One partition from its fifth last record on, the other from its end.
  const [one, two] = await topicEnds(connection(), topic);
  const startAt = (_topic: string, partition: number) =>
    partition === one?.partition ? one.high - 5n : (two?.high ?? 0n);
  const again = await collect(topic, groupId, { startAt });
  await eventually(() => expect(again.seen.length).toBe(5));
  await out.send(topic, numbered(20, 20));
  await eventually(() => expect(again.seen.length).toBe(25));
  expect(again.seen.slice(0, 5).every(({ partition }) => partition === one?.partition)).toBe(true);
});

test("committed offsets show in the lag of the group", async () => {
  const topic = await freshTopic(2);
  await (await producer()).send(topic, numbered(9, 100));
  const groupId = `g-${randomUUID()}`;
  const { seen, service } = await collect(topic, groupId);
  await eventually(() => expect(seen.length).toBe(100));
  await service.stop();
  const lag = await groupLag(connection(), groupId, [topic]);
  expect(lag.every(({ committed, end }) => committed === end)).toBe(true);
  expect(lag.reduce((sum, { end }) => sum + Number(end), 0)).toBe(100);
  expect((await topicEnds(connection(), topic)).length).toBe(2);
});

test("members of a group may share a connection", async () => {
  const topic = await freshTopic(1);
  const groupId = `g-${randomUUID()}`;
  const shared = connection();
  const failures: unknown[] = [];
  const seen = new Set<string>();
  const members = Array.from({ length: 6 }, () =>
    createConsumer({
      ...{ name: "test", connection: shared, groupId, topics: [topic], metrics: createMetrics(), log, maxWaitMs: 50 },
      sessionTimeoutMs,
      async onBatch({ records }) {
        for (const record of records) seen.add(String(record.value));
      },
    }),
  );
  const writer = await producer();
  for (const [i, member] of members.entries()) {
    await started(member, (cause) => failures.push(cause));
    await writer.send(topic, [{ key: "k", value: Buffer.from(`${i}`) }]);
  }
  for (const [i, member] of members.slice(1).entries()) {
    await member.stop();
    await writer.send(topic, [{ key: "k", value: Buffer.from(`behind ${i}`) }]);
  }
  await eventually(() => expect(seen.size).toBe(11));
  expect(failures).toEqual([]);
});

test("a commit that fails is made again, although nothing more arrives", async () => {
  const topic = await freshTopic(1);
  await (await producer()).send(topic, numbered(3, 10));
  const groupId = `g-${randomUUID()}`;
  const real = connection();
  let tries = 0;
  const flaky: typeof real = {
    ...real,
    createConsumer(config) {
      const consumer = real.createConsumer(config);
      const commitOffsets: typeof consumer.commitOffsets = async (offsets) => {
        if (++tries <= 3) throw new Error("the coordinator is away");
        return consumer.commitOffsets(offsets);
      };
      return { ...consumer, commitOffsets };
    },
  };
  let handled = 0;
  const service = createConsumer({
    ...{ name: "test", connection: flaky, groupId, topics: [topic], metrics: createMetrics(), log, maxWaitMs: 50 },
    sessionTimeoutMs,
    async onBatch({ records }) {
      handled += records.length;
    },
  });
  await started(service);
  await eventually(async () => {
    const [lag] = await groupLag(connection(), groupId, [topic]);
    expect(lag?.committed).toBe(10n);
  });
  expect([handled, tries]).toEqual([10, 4]);
});

test("a consumer that is up to date gathers before it fetches again, one that is behind does not", async () => {
  const topic = await freshTopic(1);
  const out = await producer();
  const batches: number[] = [];
  const lingerMs = 400;
  await started(
    createConsumer({
      ...{ name: "test", connection: connection(), groupId: `g-${randomUUID()}`, topics: [topic], sessionTimeoutMs },
      ...{ metrics: createMetrics(), log, lingerMs, maxBytesPerPartition: 2_000 },
      async onBatch({ records }) {
        batches.push(records.length);
      },
    }),
  );
  const taken = () => batches.reduce((sum, n) => sum + n, 0);
  const sent = 40;
  const began = performance.now();
  for (let i = 0; i < sent; i++) await out.send(topic, [{ key: "k", value: Buffer.from(`${i}`) }]);
  await eventually(() => expect(taken()).toBe(sent));
  // Where sending takes long, there is a batch a linger.
  expect(batches.length).toBeLessThan(sent / 2 + (performance.now() - began) / lingerMs);
  // Of more than a fetch can bring each but the last leaves something behind, for which nobody waits: so many lingers would take longer.
  const large = 100;
  for (let i = 0; i < large; i++) await out.send(topic, [{ key: "k", value: Buffer.alloc(2_000, "x") }]);
  await eventually(() => expect(taken()).toBe(sent + large), { timeoutMs: (large * lingerMs * 3) / 4 });
});

test("a second member takes partitions over without a record lost", async () => {
  const topic = await freshTopic(4);
  const out = await producer();
  const groupId = `g-${randomUUID()}`;
  const first = await collect(topic, groupId);
  await out.send(topic, numbered(40, 500));
  const second = await collect(topic, groupId);
  await out.send(topic, numbered(40, 500, 500));
  await first.service.stop();
  await out.send(topic, numbered(40, 500, 1_000));
  await eventually(() => expect(new Set([...first.seen, ...second.seen].map((s) => s.text)).size).toBe(1_500));
});

test("a table reader has everything when start resolves, follows, and sees tombstones", async () => {
  const topic = await freshTopic(2, "compact");
  const out = await producer();
  await out.send(topic, numbered(100, 1_000));
  const table = new Map<string, string>();
  await started(
    createTableReader({
      name: "test",
      connection: connection(),
      topics: [topic],
      metrics: createMetrics(),
      log,
      onRecord: (_topic, { key, value }) =>
        void (value === null ? table.delete(String(key)) : table.set(String(key), String(value))),
    }),
  );
  expect([table.size, table.get("k7")]).toEqual([100, "v907"]);
  await out.send(topic, [
    { key: "k7", value: Buffer.from("new") },
    { key: "k8", value: null },
  ]);
  await eventually(() => expect([table.get("k7"), table.has("k8")]).toEqual(["new", false]));
});

test("an empty table is complete at once", async () => {
  const topic = await freshTopic(2, "compact");
  const nothing: string[] = [];
  await started(
    createTableReader({
      name: "test",
      connection: connection(),
      topics: [topic],
      metrics: createMetrics(),
      log,
      onRecord: (name) => nothing.push(name),
    }),
  );
  expect(nothing).toEqual([]);
});

test("creating the topics twice at once changes nothing", async () => {
  const name = `kafka-test-${randomUUID()}`;
  const specs = [{ name, partitions: 2, cleanup: "delete" }] as const;
  await Promise.all([ensureTopics(connection(), specs), ensureTopics(connection(), specs)]);
  await ensureTopics(connection(), specs);
  expect((await topicEnds(connection(), name)).length).toBe(2);
});

test("a topic that is not there is named", async () => {
  await expect(topicEnds(connection(), "no-such-topic")).rejects.toMatchObject({ code: "kafka_topic_missing" });
});
