import type { Admin } from "kafkajs";
import { type Broker, type ClusterMetadata, clusterOf } from "./cluster.ts";
import type { ArrivalPoint } from "./known-ages.ts";

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

/** Every consumer group, and the id of the broker that coordinates it. */
export type Coordinators = ReadonlyMap<string, number>;

/** Asks Kafka in few requests about many topics and groups, at one time: who leads and who coordinates is asked once. */
export type AskMany = {
  /** Every partition of every topic, internal topics too. */
  places(): Promise<readonly PartitionPlace[]>;
  /** A request a broker: each tells the groups that it coordinates. */
  groups(): Promise<Coordinators>;
  /**
   * For each of these partitions the first record that is not older than `timestamp`, an offset of -1 without one; {@link newest} and {@link oldest} ask for the
   * next and for the first offset. A request a broker. A partition may be named once, and one without a leader gets no answer.
   */
  firstsAt(
    asked: readonly (PartitionPlace & { readonly timestamp: number })[],
  ): Promise<ReadonlyMap<string, ArrivalPoint>>;
  /** What these groups have committed, by topic. A request a group. */
  committed(groups: Coordinators): Promise<ReadonlyMap<string, readonly Committed[]>>;
  /** The states and members of these groups. A request a broker. */
  describe(groups: Coordinators): Promise<ReadonlyMap<string, Described>>;
};

export type Committed = { readonly topic: string; readonly partition: number; readonly offset: bigint };
export type Described = Awaited<ReturnType<Broker["describeGroups"]>>["groups"][number];

export const newest = -1;
export const oldest = -2;
export const placeKey = (topic: string, partition: number) => `${topic}/${partition}`;

export function askMany(admin: Admin): AskMany {
  const cluster = clusterOf(admin);
  let asked: Promise<ClusterMetadata> | undefined;
  const metadata = () => {
    asked ??= cluster.refreshMetadata().then(() => cluster.brokerPool.metadata);
    return asked;
  };
  return {
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
      const { brokers } = await metadata();
      const answers = brokers.map(async ({ nodeId }) => {
        const { groups } = await (await cluster.findBroker({ nodeId })).listGroups();
        return groups.map(({ groupId }) => [groupId, nodeId] as const);
      });
      return new Map((await Promise.all(answers)).flat());
    },

    async firstsAt(asked) {
      const found = new Map<string, ArrivalPoint>();
      const byLeader = Map.groupBy(
        asked.filter(({ leader }) => leader >= 0),
        ({ leader }) => leader,
      );
      const requests = [...byLeader].map(async ([nodeId, places]) => {
        const broker = await cluster.findBroker({ nodeId });
        const topics = [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, timestamp }) => ({ partition, timestamp })),
        }));
        const { responses } = await broker.listOffsets({ topics });
        for (const { topic, partitions } of responses)
          for (const { partition, offset, timestamp } of partitions)
            found.set(placeKey(topic, partition), { offset: BigInt(offset), time: Number(timestamp) });
      });
      await Promise.all(requests);
      return found;
    },

    async committed(groups) {
      const answers = [...groups].map(async ([groupId, nodeId]) => {
        const { responses } = await (await cluster.findBroker({ nodeId })).offsetFetch({ groupId, topics: [] });
        const offsets = responses.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
        );
        return [groupId, offsets] as const;
      });
      return new Map(await Promise.all(answers));
    },

    async describe(groups) {
      const byBroker = Map.groupBy(groups, ([, nodeId]) => nodeId);
      const answers = [...byBroker].map(async ([nodeId, coordinated]) => {
        const broker = await cluster.findBroker({ nodeId });
        return (await broker.describeGroups({ groupIds: coordinated.map(([groupId]) => groupId) })).groups;
      });
      return new Map((await Promise.all(answers)).flat().map((each) => [each.groupId, each]));
    },
  };
}
