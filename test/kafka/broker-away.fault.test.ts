import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtKafka, lookAtLags } from "../../console/flow/sources.ts";
import {
  clusterState,
  connectKafka,
  consumerLags,
  createProducer,
  endsOfTopics,
  ensureTopics,
  kafkaOptions,
  type PartitionState,
  readPage,
  setGroupOffsets,
} from "../../kafka/index.ts";
import { type ChildService, cacheDirFrom, findFreePortBase, loadSecrets, portsFrom } from "../../local/index.ts";
import { createClusterId, createKafka } from "../../local/kafka.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";

const dataDir = mkdtempSync(join(tmpdir(), "hailstream-brokers-"));
const brokers: ChildService[] = [];
let addresses: readonly string[] = [];

beforeAll(async () => {
  for (const name of ["logs", "run"]) mkdirSync(join(dataDir, name));
  const bases = new Set<number>();
  while (bases.size < 3) bases.add(await findFreePortBase());
  const ports = [...bases].map((base) => portsFrom(base));
  const clusterId = createClusterId();
  const shared = { dataDir, cacheDir: cacheDirFrom(process.env), secrets: loadSecrets(dataDir), env: process.env };
  const controllerPorts = ports.map(({ kafkaController }) => kafkaController);
  for (const [index, own] of ports.entries()) {
    const context = { ...shared, ports: own, log: silentLogger };
    const { kafka: port, ingest: internalPort } = own;
    const node = { id: index + 1, clusterId, controllerPorts, internalPort, port, advertisedPort: port };
    brokers.push(createKafka(context, node));
  }
  await Promise.all(brokers.map((broker) => broker.start(() => undefined)));
  addresses = ports.map(({ kafka }) => `127.0.0.1:${kafka}`);
});
afterAll(async () => {
  for (const broker of brokers) broker.kill();
  await Promise.all(brokers.map((broker) => broker.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

test("while a broker is away, what it alone holds is not known, and all else is told as ever", async () => {
  const connection = connectKafka(
    readOptions(kafkaOptions, { flags: { "kafka-brokers": addresses.join(",") } }),
    silentLogger,
  );
  const [topic, group] = ["held-once", "reads"];
  await ensureTopics(connection, [{ name: topic, partitions: 3, cleanup: "delete" }]);
  const producer = createProducer({ name: "test", connection, metrics: createMetrics(), log: silentLogger });
  await producer.start(() => undefined);
  const three = [0, 1, 2];
  await producer.send(
    topic,
    three.map((partition) => ({ key: "k", value: Buffer.from("v"), partition })),
  );
  await producer.stop();
  await setGroupOffsets(
    connection,
    group,
    topic,
    three.map((partition) => ({ partition, offset: partition === 0 ? 0n : 1n })),
  );
  const partitions = async () => (await clusterState(connection)).topics.get(topic) ?? [];
  const before = await partitions();
  expect(new Set(before.map(({ leader }) => leader)).size).toBe(3);
  expect(before.map(offsetsOf)).toEqual([1n, 1n, 1n]);

  // It holds the only partition in which the group is behind.
  const away = before[0]?.leader ?? 0;
  await brokers[away - 1]?.stop();
  const why = "there is no leader";
  const after = await eventually(
    async () => {
      const all = await partitions();
      return all.some((each) => offsetsOf(each) === why) && all;
    },
    { timeoutMs: 60_000 },
  );
  expect(after.map(offsetsOf)).toEqual([why, 1n, 1n]);
  const state = await eventually(async () => {
    const now = await clusterState(connection);
    return now.missing.length === 0 && now;
  });
  expect(state.groups.get(group)?.lags).toMatchObject([
    { partition: 0, committed: 0n, why },
    { partition: 1, committed: 1n, records: 0n, seconds: 0 },
    { partition: 2, committed: 1n, records: 0n, seconds: 0 },
  ]);
  const { lags } = await consumerLags(connection, { prefix: group });
  expect(lags).toEqual([{ groupId: group, topic, records: 0, seconds: 0, unknown: [{ partition: 0, why }] }]);
  expect(await lookAtKafka(connection)).not.toHaveProperty("silence");
  expect(await lookAtLags(connection, group)).toMatchObject({ lags: [{ group, unknown: [{ partition: 0, why }] }] });
  const silent = { code: "kafka_partition_silent", message: expect.stringContaining(why) };
  await expect(endsOfTopics(connection, [topic])).rejects.toMatchObject(silent);
  const page = { topic, partition: 0, place: { before: "end" }, limit: 5 } as const;
  await expect(readPage(connection, page)).rejects.toMatchObject(silent);
  expect((await readPage(connection, { ...page, partition: 1 })).records).toHaveLength(1);
});

const offsetsOf = (state: PartitionState) => ("why" in state ? state.why : state.high - state.low);
