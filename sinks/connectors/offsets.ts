import { type KafkaConnection, setGroupOffsets, topicEnds } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { Database } from "../../store/index.ts";

/** How far a connector has come in one partition: the first offset whose effect is not stored yet. */
export type PartitionOffset = { readonly topic: string; readonly partition: number; readonly offset: bigint };

/** Where the checkpoint rows of a connector stand; a partition at 0 has stored nothing. */
export async function readOffsets(db: Database, consumer: string): Promise<readonly PartitionOffset[]> {
  const rows = await db.query<{ topic: string; partition: number; next_offset: bigint }>(
    "select topic, partition, next_offset from pipeline.checkpoints where consumer = $1 and next_offset > 0 order by topic, partition",
    [consumer],
  );
  return rows.map(({ topic, partition, next_offset: offset }) => ({ topic, partition, offset }));
}

const moveSql = `
  insert into pipeline.checkpoints as c (consumer, topic, partition, next_offset, epoch, owner)
  select $1, u.topic, u.partition, u.next_offset, 1, 'offsets' from unnest($2::text[], $3::int[], $4::bigint[]) as u (topic, partition, next_offset)
  on conflict (consumer, topic, partition) do update
    set next_offset = excluded.next_offset, epoch = c.epoch + 1, owner = 'offsets', claimed_at = clock_timestamp()`;

/**
 * Makes a stopped connector go on from other offsets. The checkpoint rows move first, all in one transaction and each under a new epoch, so that a flush
 * which is still under way somewhere stores nothing; then the consumer group follows, so that a partition without new records is read again too. Safe to repeat.
 * @throws PipelineError connector_offset_invalid, kafka_group_active (try again)
 */
export async function moveOffsets(
  db: Database,
  connection: KafkaConnection,
  consumer: string,
  wanted: readonly PartitionOffset[],
): Promise<void> {
  const topics = [...new Set(wanted.map(({ topic }) => topic))];
  for (const topic of topics) {
    const ends = await topicEnds(connection, topic);
    for (const { partition, offset } of wanted.filter((each) => each.topic === topic)) {
      const end = ends.find((each) => each.partition === partition);
      if (end !== undefined && offset >= 0n && offset <= end.high) continue;
      const fields = {
        topic,
        partition,
        offset: String(offset),
        end: end === undefined ? "no such partition" : String(end.high),
      };
      throw new PipelineError("connector_offset_invalid", { fields });
    }
  }
  const column = <T>(of: (each: PartitionOffset) => T) => wanted.map(of);
  await db.transaction((tx) =>
    tx.execute(moveSql, [consumer, column((w) => w.topic), column((w) => w.partition), column((w) => w.offset)]),
  );
  for (const topic of topics) {
    await setGroupOffsets(
      connection,
      consumer,
      topic,
      wanted.filter((each) => each.topic === topic),
    );
  }
}
