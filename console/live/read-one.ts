import { type KafkaConnection, type KafkaRecord, readOffsets, topicEnds } from "../../kafka/index.ts";
import type { Logger } from "../../runtime/index.ts";

/**
 * The record at one place; undefined when there is none, or retention has taken it away.
 * @throws PipelineError kafka_topic_missing; when Kafka cannot be read
 */
export async function readOne(
  parts: { readonly connection: KafkaConnection; readonly log: Logger },
  { topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: bigint },
): Promise<KafkaRecord | undefined> {
  const end = (await topicEnds(parts.connection, topic)).find((each) => each.partition === partition);
  if (end === undefined || offset < end.low || offset >= end.high) return undefined;
  let found: KafkaRecord | undefined;
  await readOffsets({
    ...parts,
    ranges: [{ topic, partition, from: offset, to: offset + 1n }],
    async onBatch({ records }) {
      found ??= records.find((record) => BigInt(record.offset) === offset);
    },
  });
  return found;
}
