import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Consumer as KafkaJsConsumer } from "kafkajs";
import { createService, type Logger, type Metrics, PipelineError, type Service } from "../runtime/index.ts";
import { type KafkaConnection, outageRetry, shortRetry } from "./connection.ts";
import { mayJoinAgain } from "./coordinator.ts";
import type { KafkaRecord } from "./records.ts";
import { topicEnds } from "./topics.ts";

export type TableReaderParts = {
  readonly name: string;
  readonly connection: KafkaConnection;
  /** Compacted topics; all their partitions are read by every process. */
  readonly topics: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Called in offset order per partition. It must not throw. */
  onRecord(topic: string, record: KafkaRecord): void;
};

/** So many answers without a record mean that the offsets asked for hold none; a slow or absent broker does not answer at all. */
const idleFetchesUntilStep = 20;
/** Consumers of the same process stop before it, and all of them together have ten seconds. */
const stopTimeoutMs = 3_000;

/**
 * Reads compacted topics whole and follows them for as long as it runs. `start` resolves when everything that was there when
 * it was called has been given to `onRecord`. Its consumer group is made for this one process and deleted by `stop`.
 */
export function createTableReader(parts: TableReaderParts): Service {
  const groupId = `hailstream-table-${parts.name}-${randomUUID()}`;
  const { connection } = parts;
  /** Where each partition stands and where it must be for the table to be complete. */
  const positions = new Map<string, { topic: string; partition: number; position: bigint; goal: bigint }>();
  let consumer: KafkaJsConsumer | undefined;
  /** Fetches answered in a row without a single record, of any partition. */
  let idleFetches = 0;
  let stopping = false;

  return createService({
    name: parts.name,
    async start(fail) {
      for (const topic of parts.topics) {
        for (const { partition, low, high } of await topicEnds(connection, topic)) {
          positions.set(`${topic}/${partition}`, { topic, partition, position: low, goal: high });
        }
      }
      consumer = connection.createConsumer({
        groupId,
        allowAutoTopicCreation: false,
        maxWaitTimeInMs: 500,
        retry: { ...outageRetry, restartOnFailure: mayJoinAgain },
      });
      let done: () => void = () => undefined;
      let refuse: (cause: unknown) => void = () => undefined;
      const complete = new Promise<void>((resolve, reject) => {
        done = resolve;
        refuse = reject;
      });
      complete.catch(() => undefined);
      consumer.on("consumer.crash", ({ payload }) => {
        if (payload.restart) return;
        const error = new PipelineError("kafka_consumer_crashed", {
          cause: payload.error,
          fields: { consumer: parts.name },
        });
        if (!stopping) fail(error);
        // A crash before the table is complete: without the refusal the start would wait for ever.
        refuse(error);
      });
      await consumer.connect();
      await consumer.subscribe({ topics: [...parts.topics], fromBeginning: true });
      const checkComplete = () => {
        for (const p of positions.values()) if (p.position < p.goal) return;
        done();
      };
      stepOverEmptyBatches(consumer, checkComplete);
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 3,
        eachBatch: async ({ batch }) => {
          idleFetches = 0;
          for (const record of batch.messages) parts.onRecord(batch.topic, record as KafkaRecord);
          const place = positions.get(`${batch.topic}/${batch.partition}`);
          if (place !== undefined) place.position = BigInt(batch.lastOffset()) + 1n;
          checkComplete();
        },
      });
      checkComplete();
      await complete;
    },
    async stop() {
      stopping = true;
      if (consumer === undefined) return;
      // Without its broker kafkajs would try for a minute, and after a crash wait for ever; nothing of ours is under way.
      const abandoned = delay(stopTimeoutMs, false, { ref: false });
      const hasLeft = await Promise.race([consumer.disconnect().then(() => true), abandoned]);
      if (hasLeft) await deleteGroup();
    },
  });

  /**
   * Compaction leaves empty record batches behind (a producer's last sequence number is kept in one). kafkajs sees no record
   * in them and asks for the same offset for ever. A position that stays although records should follow is stepped over, one
   * offset a fetch, so that nothing that exists is skipped.
   */
  function stepOverEmptyBatches(target: KafkaJsConsumer, checkComplete: () => void): void {
    target.on("consumer.fetch", () => {
      if (++idleFetches < idleFetchesUntilStep) return;
      for (const place of positions.values()) {
        if (place.position >= place.goal) continue;
        place.position += 1n;
        target.seek({ topic: place.topic, partition: place.partition, offset: place.position.toString() });
      }
      checkComplete();
    });
  }

  async function deleteGroup(): Promise<void> {
    const admin = connection.kafka.admin({ retry: shortRetry });
    try {
      await admin.connect();
      await admin.deleteGroups([groupId]);
    } catch (error) {
      parts.log.debug(
        { err: error, groupId },
        "the table's consumer group stays behind; the broker drops it after its retention",
      );
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }
}
