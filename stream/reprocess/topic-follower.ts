import { setTimeout as delay } from "node:timers/promises";
import { createConsumer, type KafkaConnection, type RecordBatch, topicEnds } from "../../kafka/index.ts";
import type { Logger, Metrics, Service } from "../../runtime/index.ts";

/** Reads topics from their oldest record, in a consumer group of its own, and goes on with what comes. */
export type TopicFollower = Service & {
  /** Resolves when everything that is in the topics now was handled. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Records handled, and records that were there at the last look. */
  readonly progress: { readonly done: number; readonly total: number };
};

const pollMs = 20;

export function createTopicFollower(parts: {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly concurrency: number;
  onBatch(batch: RecordBatch): Promise<void>;
}): TopicFollower {
  /** By topic and partition: from where on records are not handled yet. */
  const positions = new Map<string, bigint>();
  let done = 0;
  let total = 0;
  const consumer = createConsumer({
    ...parts,
    name: `reprocess ${parts.groupId}`,
    maxWaitMs: 50,
    async onBatch(batch) {
      await parts.onBatch(batch);
      positions.set(`${batch.topic}/${batch.partition}`, batch.nextOffset);
      done += batch.records.length;
    },
  });
  return {
    ...consumer,
    get progress() {
      return { done, total };
    },
    async catchUp(signal) {
      const ends = await Promise.all(
        parts.topics.map(async (topic) => (await topicEnds(parts.connection, topic)).map((end) => ({ topic, ...end }))),
      );
      total = ends.flat().reduce((sum, { low, high }) => sum + Number(high - low), 0);
      const isBehind = () =>
        ends.flat().some(({ topic, partition, low, high }) => (positions.get(`${topic}/${partition}`) ?? low) < high);
      while (isBehind()) await delay(pollMs, undefined, { signal });
    },
  };
}
