import type { Queryable, Transaction } from "../../store/index.ts";

/** Whose files: those of one partition, written under one name of a consumer. */
export type FileOwner = { readonly consumer: string; readonly topic: string; readonly partition: number };

/** One file of a flush, as `lake.files` knows it. */
export type LakeFile = {
  readonly path: string;
  readonly eventType: string;
  /** `2015-01-31` */
  readonly date: string;
  readonly hour: number;
  readonly rows: number;
  readonly bytes: number;
};

const insertSql = `
  insert into lake.files
    (path, event_type, event_date, event_hour, rows, bytes, consumer, topic, partition, first_offset, next_offset)
  select f.*, $7, $8, $9, $10, $11
  from unnest($1::text[], $2::text[], $3::date[], $4::smallint[], $5::bigint[], $6::bigint[]) as f`;

/** Makes the files part of the lake, in the transaction that moves the checkpoint over their records. */
export async function insertFiles(
  tx: Transaction,
  owner: FileOwner,
  range: { readonly first: bigint; readonly next: bigint },
  files: readonly LakeFile[],
): Promise<void> {
  if (files.length === 0) return;
  const column = <T>(value: (file: LakeFile) => T): T[] => files.map(value);
  await tx.execute(insertSql, [
    column((file) => file.path),
    column((file) => file.eventType),
    column((file) => file.date),
    column((file) => file.hour),
    column((file) => file.rows),
    column((file) => file.bytes),
    ...[owner.consumer, owner.topic, owner.partition, range.first, range.next],
  ]);
}

/** The files that are part of the lake but may still wait in the staging folder. */
export async function unpublishedFiles(db: Queryable, owner: FileOwner): Promise<readonly string[]> {
  const rows = await db.query<{ path: string }>(
    "select path from lake.files where consumer = $1 and topic = $2 and partition = $3 and published_at is null",
    [owner.consumer, owner.topic, owner.partition],
  );
  return rows.map(({ path }) => path);
}

export async function markPublished(db: Queryable, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await db.query("update lake.files set published_at = clock_timestamp() where path = any($1)", [paths]);
}
