import type { Database } from "./database.ts";

/** What is remembered of one key. */
export type StateRow = { readonly key: string; readonly value: string; readonly wakeMs: number | undefined };

/** A record that is decided upon: bytes and headers as they will be written. */
export type OutboxRecord = {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
};

/** An {@link OutboxRecord} that is stored and perhaps not yet written. */
export type OutboxRow = OutboxRecord & { readonly id: bigint };

/** What one step forward of a partition changes, all or nothing. */
export type StateChange = {
  readonly epoch: bigint;
  /** The offset that the partition's checkpoint has now, and the one that it gets. */
  readonly expected: bigint;
  readonly next: bigint;
  readonly watermarkMs: number;
  /** The new state of each key that changed; without a value it is forgotten. */
  readonly states: ReadonlyMap<string, { readonly value: string; readonly wakeMs: number | undefined } | undefined>;
  readonly outbox: readonly OutboxRecord[];
};

/** The memory of one processor in one topic. Everything of a partition is changed under the epoch of its claim. */
export type StateStore = {
  /** What is added to the revisions of results; 0 unless the memory was rebuilt. */
  revisionBase(partition: number): Promise<number>;
  /** How far the event time of the partition has come; -Infinity when nothing was read yet. */
  watermark(partition: number): Promise<number>;
  /** What is remembered of these keys; keys without a memory are left out. */
  read(partition: number, keys: readonly string[]): Promise<readonly StateRow[]>;
  /** Up to `limit` keys to look at again at `untilMs` or before, in the order of time and key. */
  due(partition: number, untilMs: number, limit: number): Promise<readonly StateRow[]>;
  /** Stores a change and gives the ids of its outbox rows in order; undefined when fenced: nothing is stored then. */
  commit(partition: number, change: StateChange): Promise<readonly bigint[] | undefined>;
  /** The oldest rows of the outbox that are not deleted yet, up to `limit`. */
  outbox(partition: number, limit: number): Promise<readonly OutboxRow[]>;
  /** Deletes rows that Kafka has acknowledged. */
  acknowledge(ids: readonly bigint[]): Promise<void>;
};

/** Under which name the memory of consumer $1 in partition $2 of topic $3 is kept: its own until it was reprocessed. */
const memory = `coalesce((select c.memory from pipeline.checkpoints c
  where c.consumer = $1 and c.partition = $2 and c.topic = $3), $1)`;

/**
 * All of a change in one statement, so one way to the database and back: what lives by it is told to people. It begins with the fence, as {@link advance} does: an
 * update that waits for another owner's lock sees that owner's epoch, moves nothing, and nothing else is written, since all of it follows from the row that was moved.
 */
const commitSql = `
  with mode as materialized (select set_config('synchronous_commit', $16, true)), moved as (
    update pipeline.checkpoints c set next_offset = $6, updated_at = clock_timestamp() from mode
    where c.consumer = $1 and c.partition = $2 and c.topic = $3 and c.epoch = $4 and c.next_offset = $5
    returning coalesce(c.memory, $1) as memory
  ), marked as (
    insert into pipeline.watermarks as w (consumer, topic, partition, watermark_ms)
    select memory, $3, $2, $7::bigint from moved where $7::bigint is not null
    on conflict (consumer, topic, partition) do update set watermark_ms = excluded.watermark_ms
  ), kept as (
    insert into pipeline.state as s (consumer, partition, key, value, wake_ms)
    select memory, $2, key, value, wake_ms from moved, unnest($8::text[], $9::text[], $10::bigint[]) as u (key, value, wake_ms)
    on conflict (consumer, partition, key) do update set value = excluded.value, wake_ms = excluded.wake_ms
  ), forgotten as (
    delete from pipeline.state s using moved where s.consumer = moved.memory and s.partition = $2 and s.key = any($11::text[])
  ), told as (
    insert into pipeline.outbox (consumer, partition, topic, key, value, headers)
    select memory, $2, u.topic, u.key, u.value, u.headers::json
    from moved, unnest($12::text[], $13::text[], $14::bytea[], $15::text[]) with ordinality as u (topic, key, value, headers, place)
    order by place returning outbox_id
  )
  select exists (select from moved) as moved, array(select outbox_id::text from told order by outbox_id) as ids`;

/** Should a crash take the deletion back, the rows are written to Kafka once more, under the ids that they had. */
const acknowledgeSql = `
  with mode as materialized (select set_config('synchronous_commit', 'off', true))
  delete from pipeline.outbox using mode where outbox_id = any($1)`;

/** The memory in Postgres: the tables pipeline.state, pipeline.watermarks, pipeline.outbox, and the checkpoint. */
export function createPostgresStateStore(db: Database, consumer: string, topic: string): StateStore {
  return {
    async revisionBase(partition) {
      const [row] = await db.query<{ revision_base: number }>(
        "select revision_base from pipeline.checkpoints where consumer = $1 and partition = $2 and topic = $3",
        [consumer, partition, topic],
      );
      return row?.revision_base ?? 0;
    },

    async watermark(partition) {
      const [row] = await db.query<{ watermark_ms: bigint }>(
        `select watermark_ms from pipeline.watermarks where consumer = ${memory} and topic = $3 and partition = $2`,
        [consumer, partition, topic],
      );
      return row === undefined ? Number.NEGATIVE_INFINITY : Number(row.watermark_ms);
    },

    async read(partition, keys) {
      if (keys.length === 0) return [];
      const rows = await db.query<DbState>(
        `select key, value, wake_ms from pipeline.state where consumer = ${memory} and partition = $2 and key = any($4)`,
        [consumer, partition, topic, keys],
      );
      return rows.map(stateOf);
    },

    async due(partition, untilMs, limit) {
      if (!Number.isFinite(untilMs)) return [];
      // Byte order, as the processor compares keys.
      const rows = await db.query<DbState>(
        `select key, value, wake_ms from pipeline.state
         where consumer = ${memory} and partition = $2 and wake_ms <= $4 order by wake_ms, key collate "C" limit $5`,
        [consumer, partition, topic, Math.floor(untilMs), limit],
      );
      return rows.map(stateOf);
    },

    async commit(partition, change) {
      const { epoch, expected, next, watermarkMs, states, outbox } = change;
      const kept = [...states].flatMap(([key, state]) => (state === undefined ? [] : [{ key, ...state }]));
      const forgotten = [...states].flatMap(([key, state]) => (state === undefined ? [key] : []));
      const [row] = await db.query<{ moved: boolean; ids: readonly string[] }>(commitSql, [
        ...[consumer, partition, topic, epoch, expected, next],
        Number.isFinite(watermarkMs) ? Math.floor(watermarkMs) : null,
        ...[kept.map((s) => s.key), kept.map((s) => s.value), kept.map((s) => s.wakeMs ?? null), forgotten],
        ...[outbox.map((r) => r.topic), outbox.map((r) => r.key), outbox.map((r) => r.value)],
        outbox.map((r) => JSON.stringify(r.headers)),
        // As in a sink: state and checkpoint are kept or lost together, and the outbox is written only after it is stored.
        outbox.length > 0 ? "on" : "off",
      ]);
      return row?.moved === true ? row.ids.map(BigInt) : undefined;
    },

    async outbox(partition, limit) {
      const rows = await db.query<DbOutbox>(
        `select outbox_id, topic, key, value, headers from pipeline.outbox
         where consumer = ${memory} and partition = $2 order by outbox_id limit $4`,
        [consumer, partition, topic, limit],
      );
      return rows.map(({ outbox_id, ...record }) => ({ id: outbox_id, ...record }));
    },

    async acknowledge(ids) {
      if (ids.length > 0) await db.execute(acknowledgeSql, [ids.map(String)]);
    },
  };
}

type DbState = { key: string; value: string; wake_ms: bigint | null };
type DbOutbox = OutboxRecord & { outbox_id: bigint };

function stateOf({ key, value, wake_ms }: DbState): StateRow {
  return { key, value, wakeMs: wake_ms === null ? undefined : Number(wake_ms) };
}
