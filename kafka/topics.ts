import { PipelineError } from "../runtime/index.ts";
import { askMany } from "./ask-many.ts";
import { type KafkaConnection, shortRetry } from "./connection.ts";

const day = 24 * 60 * 60 * 1_000;

/** One topic as it is created. Changing a row here does not change a topic that is there already. */
export type TopicSpec = {
  readonly name: string;
  readonly partitions: number;
  /** `delete`: records go after `retentionMs`. `compact`: the newest record of each key stays for ever. */
  readonly cleanup: "delete" | "compact";
  readonly retentionMs?: number;
  /** Of a compacted topic: records younger than this stay although there is a newer one of their key. */
  readonly compactionLagMs?: number;
};

const events = (name: string, retentionMs = 7 * day): TopicSpec => ({
  name,
  partitions: 6,
  cleanup: "delete",
  retentionMs,
});
const reference = (name: string, partitions: number): TopicSpec => ({ name, partitions, cleanup: "compact" });
/** As long as the longest retention of events that join the profile: an event that is there finds the version that was valid then. */
const versioned = (name: string, partitions: number): TopicSpec => ({
  ...reference(name, partitions),
  compactionLagMs: 30 * day,
});

/**
 * Every topic of the pipeline. A topic holds what must stay in order together. An enriched topic has as many partitions as
 * its source: the stream processor keeps each record's partition.
 */
export const topicTable: readonly TopicSpec[] = [
  events("driver-locations"),
  events("driver-status"),
  events("rider-events"),
  events("trip-events", 30 * day),
  events("payments", 30 * day),
  events("safety", 30 * day),
  events("app-errors"),
  events("app-events-dropped"),
  versioned("driver-profiles", 3),
  versioned("vehicle-profiles", 3),
  reference("cities", 1),
  events("driver-locations-enriched"),
  events("trip-events-enriched", 30 * day),
  events("trip-signals"),
  events("trips", 30 * day),
  events("driver-activity"),
  reference("driver-positions", 6),
  events("driver-jumps", 30 * day),
  events("driver-hours", 30 * day),
  events("marketplace-minutes", 30 * day),
  events("app-activity"),
  events("app-error-groups", 30 * day),
  events("app-version-minutes", 30 * day),
  events("marketplace-signals", day),
  events("marketplace-cells", day),
  events("alert-signals", day),
  events("alerts", 30 * day),
  events("quarantine", 30 * day),
  events("dead-letters", 30 * day),
  events("late-events", 30 * day),
  events("pipeline-health", 30 * day),
  { ...events("acknowledgements", day), partitions: 1 },
  events("enrichment-waiting", 2 * day),
];

/** What {@link topicSpecs} needs of an event type. */
type Carried = { readonly topic: string; readonly kind: string; readonly enriched?: { readonly topic: string } };

/** How the topics of these event types are made: as the table has them; others compacted for reference data, else with six partitions and seven days. */
export function topicSpecs(types: Iterable<Carried>): readonly TopicSpec[] {
  const specs = new Map<string, TopicSpec>();
  for (const { topic, kind, enriched } of types) {
    for (const name of [topic, ...(enriched === undefined ? [] : [enriched.topic])]) {
      const made = kind === "reference" ? reference(name, 3) : events(name);
      specs.set(name, topicTable.find((spec) => spec.name === name) ?? made);
    }
  }
  return [...specs.values()];
}

/** The table and the topics of these event types. */
export function allTopics(types: Iterable<Carried>): readonly TopicSpec[] {
  const specs = [...topicTable, ...topicSpecs(types)];
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

/** Creates the topics that are missing, waits until they have leaders, and gives their names. Safe to call from several processes at once. */
export async function ensureTopics(
  connection: KafkaConnection,
  specs: readonly TopicSpec[] = topicTable,
): Promise<readonly string[]> {
  return withAdmin(connection, async (admin) => {
    const present = new Set(await admin.listTopics());
    const missing = specs.filter((spec) => !present.has(spec.name));
    if (missing.length === 0) return [];
    await admin.createTopics({
      waitForLeaders: false,
      topics: missing.map((spec) => ({
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor: connection.options.replicationFactor,
        configEntries: configOf(spec, connection.options.replicationFactor),
      })),
    });
    // kafkajs's own wait gives up when the broker does not know the new topic at the first question, and believes in a leader
    // before that serves; only an answer about offsets comes from the leader itself.
    for (const { name } of missing) await whenSettled(() => admin.fetchTopicOffsets(name));
    return missing.map(({ name }) => name);
  });
}

/** A broker that has just started, on a machine with other things to do, may need this long to lead all of its new partitions. */
const settleTimeoutMs = 30_000;
const settleDelayMs = 50;

/** Repeats a question about a topic that may have been made a moment ago: the broker learns of it and of its leaders step by step. */
async function whenSettled<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + settleTimeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const passing = error instanceof Error && "retriable" in error && error.retriable === true;
      if (!passing || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, settleDelayMs));
    }
  }
}

function configOf(spec: TopicSpec, replicationFactor: number): { name: string; value: string }[] {
  return [
    { name: "cleanup.policy", value: spec.cleanup },
    ...(spec.retentionMs === undefined ? [] : [{ name: "retention.ms", value: String(spec.retentionMs) }]),
    ...(spec.compactionLagMs === undefined
      ? []
      : [{ name: "min.compaction.lag.ms", value: String(spec.compactionLagMs) }]),
    // With three copies, one broker may go without writes stopping and without an acknowledged record at risk.
    ...(replicationFactor >= 3 ? [{ name: "min.insync.replicas", value: "2" }] : []),
  ];
}

/** First and next offset of each partition. @throws PipelineError kafka_topic_missing */
export async function topicEnds(
  connection: KafkaConnection,
  topic: string,
): Promise<{ partition: number; low: bigint; high: bigint }[]> {
  return withAdmin(connection, async (admin) => {
    const ends = await whenSettled(() => admin.fetchTopicOffsets(topic)).catch((cause: unknown) => {
      throw new PipelineError("kafka_topic_missing", { cause, fields: { topic } });
    });
    return ends.map((end) => ({ partition: end.partition, low: BigInt(end.low), high: BigInt(end.high) }));
  });
}

/** How far a consumer group has committed against the end of each partition; a partition without a commit counts from 0. */
export async function groupLag(
  connection: KafkaConnection,
  groupId: string,
  topics: readonly string[],
): Promise<{ topic: string; partition: number; committed: bigint; end: bigint }[]> {
  return withAdmin(connection, async (admin) => {
    const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
    const perTopic = committed.map(async ({ topic, partitions }) => {
      const ends = await admin.fetchTopicOffsets(topic);
      return partitions.map(({ partition, offset }) => {
        const end = ends.find((e) => e.partition === partition);
        const from = BigInt(offset) < 0n ? BigInt(end?.low ?? 0) : BigInt(offset);
        return { topic, partition, committed: from, end: BigInt(end?.high ?? 0) };
      });
    });
    return (await Promise.all(perTopic)).flat();
  });
}

/**
 * Sets where a consumer group begins to read. The group must have no members.
 * @throws PipelineError kafka_group_active
 */
export async function setGroupOffsets(
  connection: KafkaConnection,
  groupId: string,
  topic: string,
  partitions: readonly { readonly partition: number; readonly offset: bigint }[],
): Promise<void> {
  await withAdmin(connection, async (admin) => {
    const [group] = (await admin.describeGroups([groupId])).groups;
    if (group !== undefined && !["Empty", "Dead"].includes(group.state)) {
      throw new PipelineError("kafka_group_active", { fields: { groupId, state: group.state } });
    }
    await admin.setOffsets({
      groupId,
      topic,
      partitions: partitions.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    });
  });
}

/** Deletes topics and consumer groups that one piece of work has made for itself. What is not there is as good as deleted. */
export async function removeWorkspace(
  connection: KafkaConnection,
  { topics, groups }: { readonly topics: readonly string[]; readonly groups: readonly string[] },
): Promise<void> {
  await withAdmin(connection, async (admin) => {
    const present = new Set(await admin.listTopics());
    const doomed = topics.filter((topic) => present.has(topic));
    if (doomed.length > 0) await admin.deleteTopics({ topics: doomed });
    const known = new Set((await admin.listGroups()).groups.map(({ groupId }) => groupId));
    const gone = groups.filter((group) => known.has(group));
    if (gone.length > 0) await admin.deleteGroups(gone);
  });
}

/** The id that the cluster gave itself when its storage was made. It is told whatever partitions have no leader. */
export async function clusterIdOf(connection: KafkaConnection): Promise<string> {
  return withAdmin(connection, (admin) => askMany(admin).clusterId());
}

/** Settings of a topic that say how long its records stay. */
const retentionSettings = ["cleanup.policy", "retention.ms", "retention.bytes", "min.insync.replicas"];

/** How long the records of a topic stay, in Kafka's own words. @throws when there is no such topic */
export async function topicSettings(
  connection: KafkaConnection,
  topic: string,
): Promise<readonly { readonly name: string; readonly value: string }[]> {
  return withAdmin(connection, async (admin) => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: topicResource, name: topic, configNames: retentionSettings }],
    });
    const entries = resources[0]?.configEntries ?? [];
    return retentionSettings.flatMap((name) => {
      const value = entries.find(({ configName }) => configName === name)?.configValue;
      return value === undefined ? [] : [{ name, value }];
    });
  });
}

/** As the protocol numbers it. */
const topicResource = 2;

type Admin = ReturnType<KafkaConnection["kafka"]["admin"]>;

export async function withAdmin<T>(connection: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = connection.kafka.admin({ retry: shortRetry });
  try {
    await admin.connect().catch((cause: unknown) => {
      throw new PipelineError("kafka_unreachable", { cause, fields: { brokers: connection.options.brokers } });
    });
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
