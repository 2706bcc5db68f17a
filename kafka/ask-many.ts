import type { Admin } from "kafkajs";
import { messageOf } from "../runtime/index.ts";
import { type Broker, type Cluster, type ClusterMetadata, clusterOf } from "./cluster.ts";
import type { ArrivalPoint } from "./known-ages.ts";
import { keepPartialAnswers, refusalOf, type Unanswered } from "./partial-answers.ts";

/** A partition and who has it. */
export type PartitionPlace = {
  readonly topic: string;
  readonly partition: number;
  /** Id of the broker that leads it; below 0: none. */
  readonly leader: number;
  readonly replicas: number;
  /** Replicas that have everything. */
  readonly inSync: number;
};

/** Consumer groups, and the id of the broker that coordinates each. */
export type Coordinators = ReadonlyMap<string, number>;

export type Committed = { readonly topic: string; readonly partition: number; readonly offset: bigint };
export type Described = Awaited<ReturnType<Broker["describeGroups"]>>["groups"][number];

/**
 * Asks Kafka in few requests about many topics and groups, at one time: who leads and who coordinates is asked once. What a broker refuses, or one that does not answer would know,
 * is told as such beside all else.
 */
export type AskMany = {
  /** The id that the cluster gave itself when its storage was made. */
  clusterId(): Promise<string>;
  /** Every partition of every topic, internal topics too. */
  places(): Promise<readonly PartitionPlace[]>;
  /**
   * Every consumer group, and why there may be others that nobody tells of. A request a broker: each tells the groups that it coordinates.
   * @throws when none of them answers
   */
  groups(): Promise<{ readonly coordinators: Coordinators; readonly missing: readonly string[] }>;
  /**
   * For each of these partitions the first record that is not older than `timestamp`, an offset of -1 without one; {@link newest} and {@link oldest} ask for the
   * next and for the first offset. A request a broker. A partition may be named once.
   */
  firstsAt(
    asked: readonly (PartitionPlace & { readonly timestamp: number })[],
  ): Promise<ReadonlyMap<string, ArrivalPoint | Unanswered>>;
  /** What these groups have committed, by topic. A request a group. */
  committed(groups: Coordinators): Promise<ReadonlyMap<string, readonly Committed[] | Unanswered>>;
  /** The states and members of these groups. A request a broker. */
  describe(groups: Coordinators): Promise<ReadonlyMap<string, Described | Unanswered>>;
};

export const newest = -1;
export const oldest = -2;
export const placeKey = (topic: string, partition: number) => `${topic}/${partition}`;

/** Where Kafka keeps what groups have committed; who leads a partition of it coordinates the groups that lie there. */
const offsetsTopic = "__consumer_offsets";
const leaderless: Unanswered = { why: "there is no leader" };

export function askMany(admin: Admin): AskMany {
  const cluster = clusterOf(admin);
  keepPartialAnswers(cluster.brokerPool);
  return askCluster(cluster);
}

type Asked = Pick<Cluster, "refreshMetadata" | "findBroker"> & {
  readonly brokerPool: Pick<Cluster["brokerPool"], "metadata">;
};

/** @param cluster whose partial answers are kept */
export function askCluster(cluster: Asked): AskMany {
  let asked: Promise<ClusterMetadata> | undefined;
  const metadata = () => {
    asked ??= cluster.refreshMetadata().then(() => cluster.brokerPool.metadata);
    return asked;
  };
  /** What a broker answers, or why it does not. */
  async function from<T>(nodeId: number, question: (broker: Broker) => Promise<T>): Promise<T | Unanswered> {
    try {
      return await question(await cluster.findBroker({ nodeId }));
    } catch (error) {
      const isRefusal = error instanceof Error && error.name === "KafkaJSProtocolError";
      return { why: `broker ${nodeId} ${isRefusal ? "says" : "does not answer"}: ${messageOf(error)}` };
    }
  }
  return {
    async clusterId() {
      return (await metadata()).clusterId;
    },

    async places() {
      const { topicMetadata } = await metadata();
      return topicMetadata.flatMap(({ topic, partitionMetadata }) =>
        partitionMetadata.map(({ partitionId, leader, replicas, isr }) => ({
          ...{ topic, partition: partitionId, leader },
          ...{ replicas: replicas.length, inSync: isr.length },
        })),
      );
    },

    async groups() {
      const { brokers, topicMetadata } = await metadata();
      const coordinators = new Map<string, number>();
      const missing: string[] = [];
      const answers = brokers.map(async ({ nodeId }) => {
        const answer = await from(nodeId, (broker) => broker.listGroups());
        if ("why" in answer) missing.push(answer.why);
        else for (const { groupId } of answer.groups) coordinators.set(groupId, nodeId);
      });
      await Promise.all(answers);
      if (missing.length === brokers.length) throw new Error(missing.join("; "));
      const offsets = topicMetadata.find(({ topic }) => topic === offsetsTopic)?.partitionMetadata ?? [];
      const lost = offsets.filter(({ leader }) => leader < 0).length;
      if (lost > 0) missing.push(`${lost} of ${offsets.length} partitions of ${offsetsTopic} have no leader`);
      return { coordinators, missing };
    },

    async firstsAt(asked) {
      const found = new Map<string, ArrivalPoint | Unanswered>(
        asked.map(({ topic, partition }) => [placeKey(topic, partition), leaderless]),
      );
      const byLeader = Map.groupBy(
        asked.filter(({ leader }) => leader >= 0),
        ({ leader }) => leader,
      );
      const requests = [...byLeader].map(async ([nodeId, places]) => {
        const topics = [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, timestamp }) => ({ partition, timestamp })),
        }));
        const answer = await from(nodeId, (broker) => broker.listOffsets({ topics }));
        if ("why" in answer) {
          for (const { topic, partition } of places) found.set(placeKey(topic, partition), answer);
          return;
        }
        for (const { topic, partitions } of answer.responses)
          for (const { partition, errorCode, offset, timestamp } of partitions) {
            const why = refusalOf(nodeId, errorCode);
            const point = { offset: BigInt(offset), time: Number(timestamp) };
            found.set(placeKey(topic, partition), why === undefined ? point : { why });
          }
      });
      await Promise.all(requests);
      return found;
    },

    async committed(groups) {
      const found = new Map<string, readonly Committed[] | Unanswered>();
      const answers = [...groups].map(async ([groupId, nodeId]) => {
        const answer = await from(nodeId, (broker) => broker.offsetFetch({ groupId, topics: [] }));
        if ("why" in answer) return found.set(groupId, answer);
        const offsets = answer.responses.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
        );
        return found.set(groupId, offsets);
      });
      await Promise.all(answers);
      return found;
    },

    async describe(groups) {
      const byBroker = Map.groupBy(groups, ([, nodeId]) => nodeId);
      const answers = [...byBroker].map(async ([nodeId, coordinated]) => {
        const groupIds = coordinated.map(([groupId]) => groupId);
        const answer = await from(nodeId, (broker) => broker.describeGroups({ groupIds }));
        if ("why" in answer) return groupIds.map((groupId) => [groupId, answer] as const);
        return answer.groups.map((group) => {
          const why = refusalOf(nodeId, group.errorCode);
          return [group.groupId, why === undefined ? group : { why }] as const;
        });
      });
      return new Map((await Promise.all(answers)).flat());
    },
  };
}
