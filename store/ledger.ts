import type { Database } from "./database.ts";

const foldSql = `
  with taken as (
    delete from audit.flushed where (select pg_try_advisory_xact_lock(7241865325823965)) returning *
  )
  insert into audit.minutes as m
  select event_table, minute, topic, partition, min(first_offset), max(last_offset), sum(read), sum(read_print), sum(stored), sum(stored_print)
  from taken group by event_table, minute, topic, partition
  on conflict (event_table, minute, topic, partition) do update set
    first_offset = least(m.first_offset, excluded.first_offset), last_offset = greatest(m.last_offset, excluded.last_offset),
    read = m.read + excluded.read, read_print = m.read_print + excluded.read_print,
    stored = m.stored + excluded.stored, stored_print = m.stored_print + excluded.stored_print`;

/** A day behind what retention drops, so that nothing is compared while days of it go. Only moves on. */
const baselineSql = `
  insert into audit.baselines as b
  select event_table, ((now() at time zone 'UTC')::date - keep_days + 1)::timestamp at time zone 'UTC' from pipeline.retention
  on conflict (event_table) do update set since = excluded.since where excluded.since > b.since`;

/**
 * Adds up what flushes have written into the audit ledger. Any number of processes may do it at any time: who finds another at it leaves it alone, and a reader
 * sees each flush once, before and after. @throws PipelineError store_…
 */
export async function foldLedger(db: Database): Promise<void> {
  await db.execute(foldSql);
  await db.execute(baselineSql);
}
