import type { Admin } from "kafkajs";
import { type Broker, type Cluster, clusterOf } from "./cluster.ts";

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

/** Asks Kafka in few requests about many topics and groups. */
export type AskMany = {
  /** Every partition of every topic, internal topics too. */
  places(): Promise<readonly PartitionPlace[]>;
  /**
   * For each of these partitions the first offset whose record is not older than `timestamp`, -1 without one; {@link newest} and {@link oldest} ask for the
   * next and for the first offset. A request a broker. A partition may be named once, and one without a leader gets no answer.
   */
  offsetsAt(asked: readonly (PartitionPlace & { readonly timestamp: number })[]): Promise<ReadonlyMap<string, bigint>>;
  /** What these groups have committed, by topic. A request a group. */
  committed(groupIds: readonly string[]): Promise<ReadonlyMap<string, readonly Committed[]>>;
  /** The states and members of these groups. A request a broker. */
  describe(groupIds: readonly string[]): Promise<ReadonlyMap<string, Described>>;
};

export type Committed = { readonly topic: string; readonly partition: number; readonly offset: bigint };
export type Described = Awaited<ReturnType<Broker["describeGroups"]>>["groups"][number];

export const newest = -1;
export const oldest = -2;
export const placeKey = (topic: string, partition: number) => `${topic}/${partition}`;

/** @param coordinators remembers who coordinates a group from one call to the next; who asks once gives none */
export function askMany(admin: Admin, coordinators = new Map<string, number>()): AskMany {
  const cluster = clusterOf(admin);
  return {
    async places() {
      const { topics } = await admin.fetchTopicMetadata();
      return topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionId, leader, replicas, isr }) => ({
          ...{ topic: name, partition: partitionId, leader },
          ...{ replicas: replicas.length, inSync: isr.length },
        })),
      );
    },

    async offsetsAt(asked) {
      const found = new Map<string, bigint>();
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
          for (const { partition, offset } of partitions) found.set(placeKey(topic, partition), BigInt(offset));
      });
      await Promise.all(requests);
      return found;
    },

    async committed(groupIds) {
      const answers = groupIds.map(async (groupId) => {
        const { responses } = await ofCoordinator(cluster, coordinators, groupId, (broker) =>
          broker.offsetFetch({ groupId, topics: [] }),
        );
        const offsets = responses.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
        );
        return [groupId, offsets] as const;
      });
      return new Map(await Promise.all(answers));
    },

    async describe(groupIds) {
      await Promise.all(groupIds.map((groupId) => coordinatorOf(cluster, coordinators, groupId)));
      const byBroker = Map.groupBy(groupIds, (groupId) => coordinators.get(groupId) ?? -1);
      const answers = [...byBroker.values()].map(async (groups) => {
        const { groups: described } = await ofCoordinator(cluster, coordinators, groups[0] ?? "", (broker) =>
          broker.describeGroups({ groupIds: groups }),
        );
        return described;
      });
      return new Map((await Promise.all(answers)).flat().map((each) => [each.groupId, each]));
    },
  };
}

async function coordinatorOf(cluster: Cluster, known: Map<string, number>, groupId: string): Promise<Broker> {
  const nodeId = known.get(groupId);
  if (nodeId !== undefined) return cluster.findBroker({ nodeId });
  const broker = await cluster.findGroupCoordinator({ groupId });
  known.set(groupId, broker.nodeId);
  return broker;
}

/** A group's coordinator moves when its broker goes: what was remembered is then asked for again, once. */
async function ofCoordinator<T>(
  cluster: Cluster,
  known: Map<string, number>,
  groupId: string,
  ask: (broker: Broker) => Promise<T>,
): Promise<T> {
  const wasKnown = known.has(groupId);
  try {
    return await ask(await coordinatorOf(cluster, known, groupId));
  } catch (error) {
    if (!wasKnown) throw error;
    known.clear();
    return ask(await coordinatorOf(cluster, known, groupId));
  }
}
