import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { askCluster } from "../../kafka/ask-many.ts";
import type { Broker, ClusterMetadata } from "../../kafka/cluster.ts";
import { partitionLags, statesOf } from "../../kafka/consumer-lag.ts";
import { keepPartialAnswers } from "../../kafka/partial-answers.ts";

const load = createRequire(import.meta.url);

/** Who leads each partition of a topic; below 0: nobody. */
const metadataOf = (
  brokers: readonly number[],
  topics: Readonly<Record<string, readonly number[]>>,
): ClusterMetadata => ({
  ...{ clusterId: "c", brokers: brokers.map((nodeId) => ({ nodeId })) },
  topicMetadata: Object.entries(topics).map(([topic, leaders]) => ({
    topic,
    partitionMetadata: leaders.map((leader, partitionId) => ({ partitionId, leader, replicas: [1, 2], isr: [1] })),
  })),
});

/** A broker whose partitions hold the offsets from 3 up to 10, and which refuses what `refuses` names. */
function broker(refuses: Readonly<Record<string, number>>, groups: readonly string[]): Broker {
  return {
    async listOffsets({ topics }) {
      const responses = topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => ({
          ...{ partition, errorCode: refuses[`${topic}/${partition}`] ?? 0, timestamp: "1000" },
          offset: timestamp === -2 ? "3" : "10",
        })),
      }));
      return { responses };
    },
    async listGroups() {
      return { groups: groups.map((groupId) => ({ groupId })) };
    },
    async offsetFetch({ groupId }) {
      if (groupId in refuses) throw Object.assign(new Error("It loads"), { name: "KafkaJSProtocolError" });
      return { responses: [{ topic: "t", partitions: [{ partition: 0, offset: "4" }] }] };
    },
    async describeGroups({ groupIds }) {
      const known = { state: "Empty", members: [] };
      return { groups: groupIds.map((groupId) => ({ ...known, groupId, errorCode: refuses[groupId] ?? 0 })) };
    },
    fetch: () => Promise.reject(new Error("not asked for")),
  };
}

function asked(metadata: ClusterMetadata, brokers: ReadonlyMap<number, Broker>) {
  return askCluster({
    refreshMetadata: async () => undefined,
    brokerPool: { metadata },
    async findBroker({ nodeId }) {
      const found = brokers.get(nodeId);
      if (found === undefined) throw new Error("Connection error: refused");
      return found;
    },
  });
}

test("what a broker refuses and what one that is away would know is told as such, beside all else", async () => {
  const metadata = metadataOf([1, 2], { t: [1, -1, 2, 1], __consumer_offsets: [1, -1] });
  const ask = asked(metadata, new Map([[1, broker({ "t/3": 56, sick: 14 }, ["well", "sick"])]]));
  const places = (await ask.places()).filter(({ topic }) => topic === "t");
  const states = await statesOf(ask, places);
  expect(states.map((each) => ("why" in each ? each.why : [each.low, each.high]))).toEqual([
    [3n, 10n],
    "there is no leader",
    "broker 2 does not answer: Connection error: refused",
    expect.stringMatching(/^broker 1 says: .*disk/i),
  ]);
  const { coordinators, missing } = await ask.groups();
  expect([...coordinators.keys()]).toEqual(["well", "sick"]);
  expect(missing).toEqual([
    "broker 2 does not answer: Connection error: refused",
    "1 of 2 partitions of __consumer_offsets have no leader",
  ]);
  const committed = await ask.committed(coordinators);
  expect(committed.get("well")).toEqual([{ topic: "t", partition: 0, offset: 4n }]);
  expect(committed.get("sick")).toEqual({ why: "broker 1 says: It loads" });
  const described = await ask.describe(coordinators);
  expect(described.get("well")).toMatchObject({ state: "Empty" });
  expect(described.get("sick")).toMatchObject({ why: expect.stringMatching(/^broker 1 says: /) });

  const lags = await partitionLags(ask, states, new Map([["well", [{ topic: "t", partition: 0, offset: 4n }]]]), 5_000);
  expect(lags.map((lag) => ("why" in lag ? lag.why.slice(0, 8) : [lag.committed, lag.records, lag.seconds]))).toEqual([
    [4n, 6n, 4],
    "there is",
    "broker 2",
    "broker 1",
  ]);
});

test("a cluster of which no broker tells its groups cannot be looked at", async () => {
  await expect(asked(metadataOf([1, 2], {}), new Map()).groups()).rejects.toThrow(/broker 1 .*; broker 2 /);
});

test("kafkajs throws an answer away for one of its parts, unless it is asked to keep it", async () => {
  const response = load("kafkajs/src/protocol/requests/listOffsets/v3/response.js");
  const data = { responses: [{ topic: "t", partitions: [{ errorCode: 0 }, { errorCode: 6 }] }] };
  const connections = () => ({
    send: (sent: { readonly request: { readonly apiKey: number }; readonly response: object }) =>
      (sent.response as typeof response).parse(data) as Promise<unknown>,
  });
  const pool = {
    seedBroker: { connectionPool: connections() },
    brokers: { 1: { connectionPool: connections() } },
    createBroker: (options: { readonly connectionPool: ReturnType<typeof connections> }) => options,
  };
  const sent = { request: { apiKey: 2 }, response };
  await expect(pool.seedBroker.connectionPool.send(sent)).rejects.toThrow("not the leader");
  keepPartialAnswers(pool);
  for (const { connectionPool } of [
    pool.seedBroker,
    pool.brokers[1],
    pool.createBroker({ connectionPool: connections() }),
  ]) {
    expect(await connectionPool.send(sent)).toBe(data);
    // What is no answer in parts is judged as ever.
    await expect(connectionPool.send({ ...sent, request: { apiKey: 9 } })).rejects.toThrow("not the leader");
  }
});
