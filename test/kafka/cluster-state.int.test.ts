import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, expect, inject, test } from "vitest";
import {
  clusterState,
  connectKafka,
  consumerLags,
  createConsumer,
  createKnownAges,
  createProducer,
  ensureTopics,
  kafkaOptions,
  readPage,
  setGroupOffsets,
} from "../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";

const connection = connectKafka(
  readOptions(kafkaOptions, { flags: { "kafka-brokers": inject("kafka") } }),
  silentLogger,
);
const prefix = `state-${randomUUID().slice(0, 8)}-`;
const [full, empty] = [`${prefix}full`, `${prefix}empty`];
const running: Service[] = [];
let middle = 0;

async function started(service: Service): Promise<void> {
  running.push(service);
  await service.start(() => undefined);
}

beforeAll(async () => {
  await ensureTopics(connection, [
    { name: full, partitions: 2, cleanup: "delete" },
    { name: empty, partitions: 1, cleanup: "delete" },
  ]);
  const producer = createProducer({ name: "test", connection, metrics: createMetrics(), log: silentLogger });
  await producer.start(() => undefined);
  const write = (from: number, to: number) =>
    producer.send(
      full,
      Array.from({ length: to - from }, (_, i) => ({
        ...{ key: `k${from + i}`, value: Buffer.from(`v${from + i}`), partition: 0 },
        headers: { n: String(from + i) },
      })),
    );
  await write(0, 60);
  const written = Date.now();
  await eventually(() => {
    middle = Date.now();
    return middle > written;
  });
  await write(60, 100);
  await producer.stop();
});
const started0 = Date.now();
afterEach(async () => {
  for (const service of running.splice(0).reverse()) await service.stop();
});

test("all topics and groups in one look: offsets, members and what they read, lag by partition in records and seconds", async () => {
  const group = `${prefix}reads`;
  const dead = `${prefix}dead`;
  await setGroupOffsets(connection, dead, full, [{ partition: 0, offset: 30n }]);
  await started(
    createConsumer({
      ...{ name: "test", connection, groupId: group, topics: [full], log: silentLogger, metrics: createMetrics() },
      sessionTimeoutMs: 30_000,
      async onBatch() {},
    }),
  );
  const ages = createKnownAges();
  const state = await eventually(async () => {
    const now = await clusterState(connection, ages);
    const { members = [], lags = [] } = now.groups.get(group) ?? {};
    return members[0]?.partitions.length === 2 && lags.some(({ committed }) => committed === 100n) ? now : false;
  });
  const of = (topic: string) =>
    state.topics.get(topic)?.map((each) => ("why" in each ? each.why : [each.partition, each.low, each.high]));
  expect(of(full)).toEqual([
    [0, 0n, 100n],
    [1, 0n, 0n],
  ]);
  expect(of(empty)).toEqual([[0, 0n, 0n]]);
  expect(state.topics.get(full)?.[0]).toMatchObject({ replicas: 1, inSync: 1 });
  expect(state.groups.get(group)).toMatchObject({ state: "Stable", members: [{ clientId: "hailstream" }] });
  expect(state.groups.get(group)?.lags).toMatchObject([{ records: 0n }, { records: 0n }]);
  expect(state.missing).toEqual([]);
  const behind = state.groups.get(dead);
  expect(behind).toMatchObject({ state: "Empty", members: [] });
  const [lag] = behind?.lags ?? [];
  expect(lag).toMatchObject({ topic: full, partition: 0, committed: 30n, records: 70n });
  const sinceWritten = (Date.now() - started0) / 1_000;
  const seconds = lag !== undefined && "seconds" in lag ? lag.seconds : undefined;
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(sinceWritten * 1.1 + 1);
  const sums = await consumerLags(connection, { prefix: dead });
  expect(sums).toMatchObject({ lags: [{ groupId: dead, topic: full, records: 70, unknown: [] }], missing: [] });
});

test("a page of records is read from the end, before and from an offset, and from a moment, without a group", async () => {
  const page = async (place: Parameters<typeof readPage>[1]["place"], limit = 10) => {
    const { records, low, high } = await readPage(connection, { topic: full, partition: 0, place, limit });
    expect([low, high]).toEqual([0n, 100n]);
    return records.map(({ value }) => Number(String(value).slice(1)));
  };
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const groupsBefore = (await clusterState(connection)).groups;
  expect(await page({ before: "end" })).toEqual(upTo(90, 100));
  expect(await page({ before: 90n })).toEqual(upTo(80, 90));
  expect(await page({ before: 4n })).toEqual(upTo(0, 4));
  expect(await page({ before: 0n })).toEqual([]);
  expect(await page({ from: 55n })).toEqual(upTo(55, 65));
  expect(await page({ from: 95n })).toEqual(upTo(95, 100));
  expect(await page({ from: 100n })).toEqual([]);
  expect(await page({ fromMs: middle })).toEqual(upTo(60, 70));
  expect(await page({ fromMs: Date.now() + 1_000 })).toEqual([]);
  expect(await page({ before: "end" }, 1_000)).toEqual(upTo(0, 100));
  const { records } = await readPage(connection, { topic: full, partition: 0, place: { from: 7n }, limit: 1 });
  expect(String(records[0]?.key)).toBe("k7");
  expect(String(records[0]?.headers.n)).toBe("7");
  // The broker forgets groups of others meanwhile.
  const groupsBehind = [...(await clusterState(connection)).groups.keys()];
  expect(groupsBehind.filter((group) => !groupsBefore.has(group))).toEqual([]);
  const nothing = await readPage(connection, { topic: empty, partition: 0, place: { before: "end" }, limit: 5 });
  expect(nothing).toEqual({ records: [], low: 0n, high: 0n });
});

test("a topic or partition that is not there is told of", async () => {
  for (const [topic, partition] of [
    [`${prefix}none`, 0],
    [full, 9],
  ] as const) {
    const read = readPage(connection, { topic, partition, place: { before: "end" }, limit: 5 });
    await expect(read).rejects.toMatchObject({ code: "kafka_topic_missing" });
  }
});
