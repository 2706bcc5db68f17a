import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { originals } from "../../kafka/kafkajs.ts";
import type { Cluster, createSendMessages, EosManager } from "../../kafka/send-messages.ts";

const load = createRequire(import.meta.url);
const ours = load("kafkajs/src/producer/sendMessages.js") as ReturnType<typeof createSendMessages>;
const theirs = originals.sendMessages as ReturnType<typeof createSendMessages>;
const createRetrier = load("kafkajs/src/retry");
const { createErrorFromCode } = load("kafkajs/src/protocol/error.js");
const notLeader = () => createErrorFromCode(6);

type Message = { readonly partition: number; readonly value: string };
type Sent = { readonly broker: number; readonly partition: number; readonly first: number; readonly values: string[] };

/** Two brokers with partitions that move between them; what they wrote, and how they answer is told by the test. */
function createWorld(leaders: Record<number, number>) {
  const written: Sent[] = [];
  /** What becomes of the next requests to a broker. */
  const fates: Record<number, (() => Promise<void>)[]> = { 1: [], 2: [] };
  const sequences = new Map<number, number>();
  const locks = new Map<number, Promise<void>>();
  const releases = new Map<number, () => void>();

  const brokers = [1, 2].map((nodeId) => ({
    nodeId,
    async produce({ topicData }: { topicData: { topic: string; partitions: Part[] }[] }) {
      await fates[nodeId]?.shift()?.();
      const partitions = topicData.flatMap((each) => each.partitions);
      for (const { partition } of partitions) if (leaders[partition] !== nodeId) throw notLeader();
      for (const { partition, firstSequence: first, messages } of partitions)
        written.push({ broker: nodeId, partition, first, values: messages.map(({ value }) => value) });
      return { topics: topicData.map(({ topic, partitions }) => ({ topicName: topic, partitions })) };
    },
  }));
  type Part = { partition: number; firstSequence: number; messages: Message[] };

  let known = { ...leaders };
  const refresh = async () => {
    known = { ...leaders };
  };
  const cluster = {
    targetTopics: [],
    refreshMetadata: refresh,
    refreshMetadataIfNecessary: async () => undefined,
    addMultipleTargetTopics: async () => undefined,
    findTopicPartitionMetadata: () => Object.keys(leaders),
    findLeaderForPartitions: (_: string, partitions: readonly string[]) =>
      Object.fromEntries(
        [...Map.groupBy(partitions.map(Number), (partition) => known[partition]).entries()].map(([id, led]) => [
          id,
          led,
        ]),
      ),
    findBroker: async ({ nodeId }: { nodeId: string }) => brokers[Number(nodeId) - 1],
    removeBroker: () => undefined,
    isConnected: () => true,
    connect: async () => undefined,
  } as unknown as Cluster;
  const eosManager = {
    isTransactional: () => false,
    acquireBrokerLock: async ({ nodeId }: { nodeId: number }) => {
      while (locks.has(nodeId)) await locks.get(nodeId);
      locks.set(nodeId, new Promise((resolve) => releases.set(nodeId, resolve)));
    },
    releaseBrokerLock: async ({ nodeId }: { nodeId: number }) => {
      locks.delete(nodeId);
      releases.get(nodeId)?.();
    },
    getSequence: (_: string, partition: number) => sequences.get(partition) ?? 0,
    updateSequence: (_: string, partition: number, by: number) =>
      void sequences.set(partition, (sequences.get(partition) ?? 0) + by),
    getProducerId: () => 1,
    getProducerEpoch: () => 0,
  } as unknown as EosManager;
  const logger = { debug: () => undefined, error: () => undefined };
  const partitioner = ({ message }: { message: Message }) => message.partition;
  const retrier = createRetrier({ initialRetryTime: 1, maxRetryTime: 5, retries: 20 });
  const send = (create: typeof ours, messages: readonly Message[]) =>
    create({ logger, cluster, partitioner, eosManager, retrier })({
      acks: -1,
      topicMessages: [{ topic: "t", messages }],
    });
  return { written, fates, leaders, send, refresh, sequences };
}

const messages = [
  { partition: 0, value: "a" },
  { partition: 1, value: "b" },
  { partition: 1, value: "c" },
];
const sorted = (written: readonly Sent[]) => written.flatMap(({ values }) => values).sort();

describe("records of partitions whose leader moves to a broker that has answered already", () => {
  /** Partition 1 is believed to be at broker 2, and has moved to broker 1, which takes partition 0. */
  async function moved(create: typeof ours) {
    const world = createWorld({ 0: 1, 1: 2 });
    world.leaders[1] = 1;
    const answer = await world.send(create, messages);
    return { ...world, answer };
  }

  test("are written by the new leader before the call resolves", async () => {
    const { written, answer } = await moved(ours);
    expect(sorted(written)).toEqual(["a", "b", "c"]);
    expect(answer.map(({ partition }) => partition).sort()).toEqual([0, 1]);
  });

  test("are lost in silence by kafkajs's own", async () => {
    const { written } = await moved(theirs);
    expect(sorted(written)).toEqual(["a"]);
  });
});

test("the next try waits for the requests of the former, so sequence numbers have no gap", async () => {
  const world = createWorld({ 0: 1, 1: 2 });
  const slow = Promise.withResolvers<void>();
  // Partition 1 is refused at once; meanwhile broker 1 takes its time for partition 0, which then moves.
  world.fates[1]?.push(async () => {
    await slow.promise;
    world.leaders[0] = 2;
    throw notLeader();
  });
  world.fates[2]?.push(async () => {
    setTimeout(slow.resolve, 30);
    throw notLeader();
  });
  await world.send(ours, messages);
  expect(sorted(world.written)).toEqual(["a", "b", "c"]);
  expect(world.written.every(({ first }) => first === 0)).toBe(true);
  expect([...world.sequences]).toEqual(
    expect.arrayContaining([
      [0, 1],
      [1, 2],
    ]),
  );
});

test("a request that was written and not answered goes out again under the same numbers", async () => {
  const world = createWorld({ 0: 1, 1: 1 });
  world.fates[1]?.push(async () => {
    world.written.push({ broker: 1, partition: 0, first: 0, values: ["a"] });
    throw notLeader();
  });
  await world.send(ours, messages);
  const ofPartition = world.written.filter(({ partition }) => partition === 0);
  expect(ofPartition.map(({ first, values }) => [first, values])).toEqual([
    [0, ["a"]],
    [0, ["a"]],
  ]);
});

test("without trouble both do the same", async () => {
  const results = await Promise.all(
    [ours, theirs].map(async (create) => {
      const { send, written, sequences } = createWorld({ 0: 1, 1: 2 });
      return { answer: await send(create, messages), written, sequences };
    }),
  );
  expect(results[0]).toEqual(results[1]);
});

test("what cannot be tried again is thrown", async () => {
  const world = createWorld({ 0: 1, 1: 1 });
  world.fates[1]?.push(async () => {
    throw createErrorFromCode(45);
  });
  await expect(world.send(ours, messages)).rejects.toThrow("out of order sequence");
});
