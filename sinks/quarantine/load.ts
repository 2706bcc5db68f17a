import type { Quarantined } from "../../schemas/index.ts";
import type { Transaction } from "../../store/index.ts";

/** What `xmax` is 0 for was inserted; otherwise the row was there and has been updated. */
const loadSql = `
  insert into quarantine.events
    (quarantine_id, code, violations, event_id, type, source, time, subject, schema_id, key_name, stage, token_subject, original,
     times_seen, received_at, last_received_at)
  select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[],
    $10::text[], $11::text[], $12::text[], $13::bytea[], $14::int[], $15::timestamptz[], $16::timestamptz[])
  on conflict (quarantine_id) do update set
    times_seen = events.times_seen + excluded.times_seen,
    last_received_at = greatest(events.last_received_at, excluded.last_received_at)
  returning code, (xmax = 0) as is_new`;

/** How many events of a code are new, and how many were there already. */
export type Loaded = { readonly code: string; readonly isNew: boolean };

/** Stores events of the topic, each once; of one that is there already it only counts that it came again. */
export async function loadQuarantined(tx: Transaction, entries: readonly Quarantined[]): Promise<readonly Loaded[]> {
  const merged = mergeRepetitions(entries);
  const column = <T>(value: (one: Merged) => T): T[] => merged.map(value);
  const rows = await tx.query<{ code: string; is_new: boolean }>(loadSql, [
    column(({ first }) => first.quarantineId),
    column(({ first }) => first.code),
    column(({ first }) => JSON.stringify(first.violations)),
    column(({ first }) => first.eventId),
    column(({ first }) => first.type),
    column(({ first }) => first.source),
    column(({ first }) => first.time),
    column(({ first }) => first.subject ?? null),
    column(({ first }) => first.schemaId ?? null),
    column(({ first }) => first.keyName),
    column(({ first }) => first.stage),
    column(({ first }) => first.tokenSubject ?? null),
    column(({ first }) => first.original),
    column(({ count }) => count),
    column(({ first }) => new Date(first.receivedAt)),
    column(({ lastReceivedAt }) => new Date(lastReceivedAt)),
  ]);
  return rows.map(({ code, is_new: isNew }) => ({ code, isNew }));
}

type Merged = { readonly first: Quarantined; count: number; lastReceivedAt: number };

/** Postgres updates no row twice in one statement. Sorted, so that two transactions cannot wait for each other. */
function mergeRepetitions(entries: readonly Quarantined[]): readonly Merged[] {
  const merged = new Map<string, Merged>();
  for (const entry of entries) {
    const known = merged.get(entry.quarantineId);
    if (known === undefined) {
      merged.set(entry.quarantineId, { first: entry, count: 1, lastReceivedAt: entry.receivedAt });
    } else {
      known.count += 1;
      known.lastReceivedAt = Math.max(known.lastReceivedAt, entry.receivedAt);
    }
  }
  return [...merged.values()].sort((a, b) => (a.first.quarantineId < b.first.quarantineId ? -1 : 1));
}
