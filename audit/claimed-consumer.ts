import { type BatchControl, createConsumer, type KafkaConnection, type RecordBatch } from "../kafka/index.ts";
import { type Logger, type Metrics, PipelineError, type Service } from "../runtime/index.ts";
import { advance, createPartitionClaims, type Database, type Transaction } from "../store/index.ts";

export type ClaimedConsumerParts<T> = {
  readonly name: string;
  readonly db: Database;
  readonly connection: KafkaConnection;
  /** The consumer group, and its name in `pipeline.checkpoints`. */
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  /** How long a partition rests behind a batch, so that the next one is worth a transaction. */
  readonly restMs: number;
  /** Makes of a batch what is to be stored; its records are those that were not stored before. */
  prepare(batch: RecordBatch): Promise<T> | T;
  /** Stores it, in the transaction that moves the checkpoint. */
  store(tx: Transaction, batch: RecordBatch, prepared: T): Promise<void>;
  /** Called once it is committed. */
  onStored?(prepared: T): void;
};

/** Its transaction must change nothing: another process has claimed the partition, or what it would store is stored. */
class Fenced extends Error {}

/**
 * Reads topics and stores something of every record once, since that and the checkpoint are one transaction. Any number of these share the partitions. While
 * the database or Kafka is away it waits.
 */
export function createClaimedConsumer<T>(parts: ClaimedConsumerParts<T>): Service {
  const { db, connection, groupId, log } = parts;
  const claims = createPartitionClaims(db, groupId);

  async function onBatch(batch: RecordBatch, control: BatchControl): Promise<void> {
    const { topic, partition } = batch;
    try {
      const claim = await claims.of(topic, partition, control.generation);
      const { epoch, nextOffset: expected } = claim;
      if (batch.nextOffset <= expected) return;
      if (batch.firstOffset > expected && claim.soughtTo !== expected) {
        claim.soughtTo = expected;
        control.seek(expected);
        return;
      }
      const fresh = { ...batch, records: batch.records.filter(({ offset }) => BigInt(offset) >= expected) };
      const prepared = await parts.prepare(fresh);
      await db.transaction(
        async (tx) => {
          const next = batch.nextOffset;
          if (!(await advance(tx, { consumer: groupId, topic, partition, epoch, expected, next }))) throw new Fenced();
          await parts.store(tx, fresh, prepared);
        },
        // What is stored and the checkpoint are lost or kept together.
        { synchronousCommit: false },
      );
      claim.nextOffset = batch.nextOffset;
      parts.onStored?.(prepared);
    } catch (error) {
      if (!(error instanceof Fenced) && !(error instanceof PipelineError && error.retryable)) throw error;
      log.debug({ err: error, topic, partition }, "the batch is read again");
      claims.drop(topic, partition);
      // The broker knows whether the partition is still ours; a claim would fence the rightful owner.
      await control.heartbeat();
      control.seek(batch.firstOffset);
    }
    control.rest(parts.restMs);
  }

  return createConsumer({
    ...{ name: parts.name, connection, groupId, topics: parts.topics, metrics: parts.metrics },
    ...{ log, lingerMs: 500, onBatch },
  });
}
