import type { KafkaConnection } from "../kafka/index.ts";
import type { Logger, Metrics, Service } from "../runtime/index.ts";
import type { Database, Transaction } from "../store/index.ts";
import { createClaimedConsumer } from "./claimed-consumer.ts";
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
export function createTopicCounter({ types, restMs = 5_000, ...parts }: TopicCounterParts): Service {
  const count = createRecordCounter(new Set(types));
  return createClaimedConsumer({
    ...parts,
    name: "audit counter",
    restMs,
    prepare: ({ records }) => count(records),
    store: writeCounts,
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
