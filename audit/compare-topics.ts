import { setTimeout as delay } from "node:timers/promises";
import { groupLag, type KafkaConnection, topicEnds } from "../kafka/index.ts";
import type { Queryable } from "../store/index.ts";
import { type AuditedTable, boundsOf, type Span } from "./compare-table.ts";

/** A minute in which Kafka has other events than the sink has read. */
export type UnreadMinute = {
  /** Milliseconds since 1970. */
  readonly minute: number;
  /** Where Kafka has them: between these offsets. */
  readonly places: readonly { readonly partition: number; readonly first: bigint; readonly last: bigint }[];
  /** Changes with every count and fingerprint. */
  readonly signature: string;
};

export type CompareTopicsParts = {
  readonly db: Queryable;
  readonly connection: KafkaConnection;
  /** The sink's consumer in `pipeline.checkpoints`. */
  readonly sinkGroup: string;
};

/** Of each partition of the topic that ingest writes: what lies below `settled` has arrived in the topic that the sink reads, below `arrived`. */
type Settled = { readonly partition: number; readonly settled: bigint; readonly arrived: bigint };

type Row = {
  readonly minute: Date;
  readonly partition: number;
  readonly first: bigint;
  readonly last: bigint;
  readonly signature: string;
};

/**
 * One statement, so one snapshot. Of a partition only what the processor before the sink has done with (`settled`), and only when the sink is behind all
 * that came of it (`arrived`): nothing that is on its way is told. An enriched record keeps the partition of its source.
 */
const unreadSql = `
  with place as (
    select p.partition, least(p.settled, case when $4 = $5 then k.next_offset else p.settled end) as settled
    from unnest($6::int[], $7::bigint[], $8::bigint[]) as p (partition, settled, arrived)
    join pipeline.checkpoints k on k.consumer = $9 and k.topic = $5 and k.partition = p.partition and k.next_offset >= p.arrived
  ), ledger as (
    select minute, partition, sum(read) as events, sum(read_print) as print
    from audit.ledger where event_table = $3 and topic = $5 and minute >= $1 and minute < $2 group by 1, 2
  )
  select c.minute, c.partition, c.first_offset as first, c.last_offset as last,
    concat_ws('/', c.events, c.print, l.events, l.print) as signature
  from audit.carried c join place using (partition) left join ledger l using (minute, partition)
  where c.event_type = $10 and c.topic = $4 and c.last_offset < place.settled
    and c.minute >= greatest($1::timestamptz, coalesce((select since from audit.baselines where event_table = $3), '-infinity')) and c.minute < $2
    and (c.events, c.print) is distinct from (l.events, l.print)
  order by 1, 2`;

/**
 * Which minutes of a type the sink has not read as Kafka has them: too little was read, or something twice.
 * @throws PipelineError store_…, kafka_…
 */
export async function compareTopics(
  { db, connection, sinkGroup }: CompareTopicsParts,
  table: AuditedTable,
  span: Span,
): Promise<readonly UnreadMinute[]> {
  const { type, source, topic, tableName } = table;
  const places = await settledPlaces(connection, table);
  await sinkPasses(db, { sinkGroup, topic }, places);
  const rows = await db.query<Row>(unreadSql, [
    ...[...boundsOf(span), tableName, source, topic],
    places.map(({ partition }) => partition),
    places.map(({ settled }) => settled),
    places.map(({ arrived }) => arrived),
    ...[sinkGroup, type],
  ]);
  return [...Map.groupBy(rows, ({ minute }) => minute.getTime())].map(([minute, places]) => ({
    ...{ minute, places },
    signature: places.map(({ partition, signature }) => `${partition}:${signature}`).join(" "),
  }));
}

const passMs = 5_000;
const pollMs = 100;

/** Waits until the sink has read all that had arrived; not for ever, since a sink that is stopped or behind is told by its lag. */
async function sinkPasses(
  db: Queryable,
  { sinkGroup, topic }: { readonly sinkGroup: string; readonly topic: string },
  places: readonly Settled[],
): Promise<void> {
  for (const end = performance.now() + passMs; performance.now() < end; await delay(pollMs)) {
    const rows = await db.query<{ partition: number; next: bigint }>(
      "select partition, next_offset as next from pipeline.checkpoints where consumer = $1 and topic = $2",
      [sinkGroup, topic],
    );
    const next = new Map(rows.map((row) => [row.partition, row.next]));
    if (places.every(({ partition, arrived }) => (next.get(partition) ?? 0n) >= arrived)) return;
  }
}

/** What the processor has committed is in the enriched topic, so its end is asked for afterwards. */
async function settledPlaces(
  connection: KafkaConnection,
  { source, topic, enrichedBy }: AuditedTable,
): Promise<readonly Settled[]> {
  if (enrichedBy === undefined) {
    const ends = await topicEnds(connection, source);
    return ends.map(({ partition, high }) => ({ partition, settled: high, arrived: 0n }));
  }
  const committed = await groupLag(connection, enrichedBy, [source]);
  const ends = await topicEnds(connection, topic);
  return committed.map((place) => ({
    ...{ partition: place.partition, settled: place.committed },
    arrived: ends.find(({ partition }) => partition === place.partition)?.high ?? 0n,
  }));
}
