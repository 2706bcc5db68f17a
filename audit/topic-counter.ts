import { type BatchControl, createConsumer, type KafkaConnection, type RecordBatch } from "../kafka/index.ts";
import { type Logger, type Metrics, PipelineError, type Service } from "../runtime/index.ts";
import { advance, createPartitionClaims, type Database, type Transaction } from "../store/index.ts";
import { createRecordCounter, minuteMs, type RecordCount } from "./count-records.ts";

export type TopicCounterParts = {
  readonly db: Database;
  readonly connection: KafkaConnection;
  /** The consumer group, and its name in `pipeline.checkpoints`. */
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Types that are counted. */
  readonly types: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  /** How long a partition rests behind a batch, so that the next one is worth a transaction; default 5 s. */
  readonly restMs?: number;
};

/** Its transaction must change nothing: another process has claimed the partition, or what it would store is stored. */
class Fenced extends Error {}

const insertSql = `
  insert into audit.carried as c (event_type, minute, topic, partition, first_offset, last_offset, events, print)
  select r.event_type, to_timestamp(r.minute), $1, $2, r.first_offset, r.last_offset, r.events, r.print
  from unnest($3::text[], $4::float8[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
    as r (event_type, minute, first_offset, last_offset, events, print)
  on conflict (event_type, minute, topic, partition) do update set
    first_offset = least(c.first_offset, excluded.first_offset), last_offset = greatest(c.last_offset, excluded.last_offset),
    events = c.events + excluded.events, print = c.print + excluded.print`;

/**
 * Counts, from outside, what Kafka has: every record once, since counts and checkpoint are one transaction. Any number of these share the partitions. While the
 * database is away it waits.
 */
export function createTopicCounter(parts: TopicCounterParts): Service {
  const { db, connection, groupId, log } = parts;
  const claims = createPartitionClaims(db, groupId);
  const count = createRecordCounter(new Set(parts.types));
  const restMs = parts.restMs ?? 5_000;

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
      const counts = count(batch.records.filter(({ offset }) => BigInt(offset) >= expected));
      await db.transaction(
        async (tx) => {
          const next = batch.nextOffset;
          if (!(await advance(tx, { consumer: groupId, topic, partition, epoch, expected, next }))) throw new Fenced();
          await writeCounts(tx, batch, counts);
        },
        // Counts and checkpoint are lost or kept together.
        { synchronousCommit: false },
      );
      claim.nextOffset = batch.nextOffset;
    } catch (error) {
      if (!(error instanceof Fenced) && !(error instanceof PipelineError && error.retryable)) throw error;
      log.debug({ err: error, topic, partition }, "the batch is counted again");
      claims.drop(topic, partition);
      // The broker knows whether the partition is still ours; a claim would fence the rightful owner.
      await control.heartbeat();
      control.seek(batch.firstOffset);
    }
    control.rest(restMs);
  }

  return createConsumer({
    name: "audit counter",
    ...{ connection, groupId, topics: parts.topics, metrics: parts.metrics, log, lingerMs: 500, onBatch },
  });
}

async function writeCounts(
  tx: Transaction,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  counts: readonly RecordCount[],
): Promise<void> {
  if (counts.length === 0) return;
  // Always in the same order, so that two transactions cannot wait for each other.
  const rows = [...counts].sort((a, b) => a.minute - b.minute || (a.type < b.type ? -1 : 1));
  await tx.execute(insertSql, [
    topic,
    partition,
    rows.map(({ type }) => type),
    rows.map(({ minute }) => (minute * minuteMs) / 1_000),
    rows.map(({ first }) => first),
    rows.map(({ last }) => last),
    rows.map(({ events }) => events),
    rows.map(({ print }) => print),
  ]);
}
