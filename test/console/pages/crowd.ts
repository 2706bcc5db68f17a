import type { Admin } from "kafkajs";
import { clusterOf } from "../../../kafka/cluster.ts";
import { clusterState, type KafkaConnection, withAdmin } from "../../../kafka/index.ts";
import { eventually } from "../../support/wait.ts";

export const partitionsEach = 3;
const recordsEach = 20;
const topicsOfGroup = 4;
const day = 24 * 3_600_000;

export const topicAt = (n: number) => `crowd-topic-${String(n).padStart(4, "0")}`;
export const groupAt = (n: number) => `crowd-group-${String(n).padStart(3, "0")}`;

/** As kafkajs has it; a generation below 0 is that of nobody: a group without members takes it. */
type Coordinated = { findGroupCoordinator(request: { readonly groupId: string }): Promise<Committer> };
type Committer = {
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }): Promise<unknown>;
};

/**
 * Topics of three partitions with twenty records of the last three days in each, and groups that have committed in four topics: every second one everything, the others to
 * some place before the end. Resolves when Kafka tells all of it.
 */
export async function makeCrowd(connection: KafkaConnection, topics: number, groups: number): Promise<void> {
  const names = Array.from({ length: topics }, (_, n) => topicAt(n));
  await withAdmin(connection, async (admin) => {
    for (const some of chunks(names, 100)) {
      const wanted = some.map((topic) => ({ topic, numPartitions: partitionsEach, replicationFactor: 1 }));
      await admin.createTopics({ waitForLeaders: false, timeout: 60_000, topics: wanted });
    }
  });
  const slow = { timeoutMs: 300_000, everyMs: 500 };
  const state = () => clusterState(connection);
  await eventually(async () => {
    const known = (await state()).topics;
    return names.every((name) => (known.get(name) ?? []).filter((each) => !("why" in each)).length === 3);
  }, slow);

  const producer = connection.kafka.producer();
  await producer.connect();
  const now = Date.now();
  for (const some of chunks(names, 100)) {
    const topicMessages = some.map((topic) => ({ topic, messages: recordsUpTo(now) }));
    await producer.sendBatch({ topicMessages });
  }
  await producer.disconnect();
  await withAdmin(connection, async (admin) => {
    for (let n = 0; n < groups; n++) await commit(admin, n, topics);
  });
  await eventually(async () => {
    const { groups: known } = await state();
    return Array.from({ length: groups }, (_, n) => n).every((n) => (known.get(groupAt(n))?.lags.length ?? 0) > 0);
  }, slow);
}

function recordsUpTo(now: number) {
  return Array.from({ length: partitionsEach * recordsEach }, (_, i) => {
    const age = (3 * day * (recordsEach - Math.floor(i / partitionsEach))) / recordsEach;
    return { partition: i % partitionsEach, value: `record ${i}`, timestamp: String(now - age) };
  });
}

async function commit(admin: Admin, n: number, topics: number): Promise<void> {
  const groupId = groupAt(n);
  const broker = await (clusterOf(admin) as unknown as Coordinated).findGroupCoordinator({ groupId });
  const offset = n % 2 === 0 ? recordsEach : n % recordsEach;
  const partitions = Array.from({ length: partitionsEach }, (_, partition) => ({ partition, offset: String(offset) }));
  const read = Array.from({ length: topicsOfGroup }, (_, i) => topicAt((n * topicsOfGroup + i) % topics));
  await broker.offsetCommit({
    ...{ groupId, groupGenerationId: -1, memberId: "" },
    topics: [...new Set(read)].map((topic) => ({ topic, partitions })),
  });
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
