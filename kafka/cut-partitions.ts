import type { Logger } from "../runtime/index.ts";
import type { KafkaConnection } from "./connection.ts";
import { readOffsets } from "./read-range.ts";
import { topicEnds, withAdmin } from "./topics.ts";

/** A partition that has lost records and has none left from before a moment. */
export type CutPartition = {
  readonly partition: number;
  /** Records below this offset are gone. */
  readonly low: bigint;
  /** When the earliest record that is left arrived, milliseconds since 1970; undefined: none is left. */
  readonly earliestMs: number | undefined;
};

export type Cut = {
  readonly partitions: readonly CutPartition[];
  /** The topic's retention takes nothing that arrived at that moment or later, so unless somebody took it otherwise nothing of it is missing. */
  readonly isOlder: boolean;
};

/**
 * Which partitions of a topic have lost records and have none left from before `fromMs`, so that what arrived since then may be among the lost.
 * @throws PipelineError kafka_topic_missing, kafka_unreachable
 */
export async function cutPartitions(
  parts: { readonly connection: KafkaConnection; readonly log: Logger },
  topic: string,
  fromMs: number,
): Promise<Cut> {
  const { connection } = parts;
  const begun = (await topicEnds(connection, topic)).filter(({ low }) => low > 0n);
  if (begun.length === 0) return { partitions: [], isOlder: true };
  const [firsts, begins, retentionMs] = await withAdmin(connection, async (admin) => [
    await admin.fetchTopicOffsetsByTimestamp(topic, 0),
    await admin.fetchTopicOffsetsByTimestamp(topic, fromMs),
    // Who may not ask is told what may be missing.
    await retentionOf(admin, topic).catch(() => undefined),
  ]);
  const offsetIn = (found: typeof firsts, of: number) =>
    BigInt(found.find(({ partition }) => partition === of)?.offset ?? -1);
  const suspects = begun.filter(({ partition }) => offsetIn(firsts, partition) === offsetIn(begins, partition));
  const arrivals = new Map<number, number>();
  await readOffsets({
    ...parts,
    ranges: suspects.map(({ partition }) => {
      const from = offsetIn(firsts, partition);
      return { topic, partition, from, to: from + 1n };
    }),
    async onBatch({ partition, records }) {
      for (const { timestamp } of records) arrivals.set(partition, Number(timestamp));
    },
  });
  return {
    partitions: suspects.map(({ partition, low }) => ({ partition, low, earliestMs: arrivals.get(partition) })),
    isOlder: retentionMs !== undefined && fromMs >= Date.now() - retentionMs,
  };
}

type Admin = Parameters<Parameters<typeof withAdmin>[1]>[0];
/** `ConfigResourceTypes.TOPIC` of kafkajs. */
const ofTopic = 2;

/** How long records stay, milliseconds; undefined: it does not go by time alone, or they stay for ever. */
async function retentionOf(admin: Admin, topic: string): Promise<number | undefined> {
  const configNames = ["retention.ms", "retention.bytes", "cleanup.policy"];
  const resources = [{ type: ofTopic, name: topic, configNames }];
  const told = (await admin.describeConfigs({ includeSynonyms: false, resources })).resources[0]?.configEntries ?? [];
  const [ms, bytes, policy] = configNames.map((name) => told.find((each) => each.configName === name)?.configValue);
  return policy?.includes("delete") === true && bytes === "-1" && Number(ms) >= 0 ? Number(ms) : undefined;
}
