import { PipelineError } from "../../runtime/index.ts";
import type { Violation } from "../../schemas/index.ts";
import type { Queryable } from "../../store/index.ts";

export const entryStates = ["open", "fixed", "replayed"] as const;
export type EntryState = (typeof entryStates)[number];

/** An event in quarantine as lists show it: everything but its bytes. */
export type Entry = {
  readonly quarantine_id: string;
  readonly state: EntryState;
  readonly code: string;
  readonly violations: readonly Violation[];
  readonly event_id: string;
  readonly type: string;
  readonly source: string;
  readonly time: string;
  readonly subject: string | null;
  readonly schema_id: number | null;
  readonly key_name: string;
  readonly stage: string;
  readonly token_subject: string | null;
  readonly times_seen: number;
  readonly received_at: Date;
  readonly last_received_at: Date;
  readonly fixed_at: Date | null;
  readonly fixed_by: string | null;
  readonly attempts: number;
  /** Of the last attempt to post it again, when it was answered. */
  readonly last_status: string | null;
  readonly last_code: string | null;
};

/** The bytes of an event: those that came, and the corrected version, which is posted in their place. */
export type EntryBytes = { readonly original: Buffer; readonly fixed: Buffer | null };

/** One attempt to post an event again. */
export type Replay = {
  readonly attempt: number;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly by: string;
  readonly door: string;
  readonly posted_id: string;
  readonly status: string | null;
  readonly code: string | null;
  readonly answer: unknown;
};

/** All that is given must hold; of a list, one of its items. */
export type EntryFilter = {
  readonly ids?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly keyNames?: readonly string[] | undefined;
  readonly states?: readonly string[] | undefined;
  readonly eventId?: string | undefined;
  readonly sources?: readonly string[] | undefined;
  /** null: it was checked against none. */
  readonly schemaIds?: readonly (number | null)[] | undefined;
  /** By when an event came for the first time. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
};

/** With the parameters of {@link filterParams}. */
export const filterSql = `
  ($1::text[] is null or e.quarantine_id = any($1)) and ($2::text[] is null or e.code = any($2))
  and ($3::text[] is null or e.type = any($3)) and ($4::text[] is null or e.key_name = any($4))
  and ($5::text[] is null or e.state = any($5)) and ($6::text is null or e.event_id = $6)
  and ($7::timestamptz is null or e.received_at >= $7) and ($8::timestamptz is null or e.received_at < $8)
  and ($9::jsonb -> 'sources' is null or ($9::jsonb -> 'sources') ? e.source)
  and ($9::jsonb -> 'schemaIds' is null or ($9::jsonb -> 'schemaIds') @> coalesce(to_jsonb(e.schema_id), 'null'))`;

export function filterParams(filter: EntryFilter): readonly unknown[] {
  const { ids, codes, types, keyNames, states, eventId, since, until, sources, schemaIds } = filter;
  const given = [ids, codes, types, keyNames, states, eventId, since, until].map((value) => value ?? null);
  return [...given, JSON.stringify({ sources, schemaIds })];
}

export const entryColumns = `
  e.quarantine_id, e.state, e.code, e.violations, e.event_id, e.type, e.source, e.time, e.subject, e.schema_id, e.key_name, e.stage,
  e.token_subject, e.times_seen, e.received_at, e.last_received_at, e.fixed_at, e.fixed_by, e.attempts`;

const lastReplay = `
  left join lateral (
    select r.status as last_status, r.code as last_code from quarantine.replays r
    where r.quarantine_id = e.quarantine_id and r.status is not null order by r.attempt desc limit 1
  ) as last on true`;

/** The newest first. @param before the id of the last entry of the page before */
export function listEntries(db: Queryable, filter: EntryFilter, limit: number, before?: string): Promise<Entry[]> {
  return db.query(
    `select ${entryColumns}, last.last_status, last.last_code from quarantine.events e ${lastReplay}
     where ${filterSql} and ($11::text is null or (e.received_at, e.quarantine_id) <
       (select b.received_at, b.quarantine_id from quarantine.events b where b.quarantine_id = $11))
     order by e.received_at desc, e.quarantine_id desc limit $10`,
    [...filterParams(filter), limit, before ?? null],
  );
}

export type EntryCount = {
  readonly code: string;
  readonly type: string;
  readonly state: EntryState;
  readonly count: number;
};

/** How many there are of each reason, type and state, the most first. */
export function countEntries(db: Queryable, filter: EntryFilter): Promise<EntryCount[]> {
  return db.query(
    `select e.code, e.type, e.state, count(*)::int as count from quarantine.events e
     where ${filterSql} group by 1, 2, 3 order by count desc, 1, 2, 3`,
    [...filterParams(filter)],
  );
}

/**
 * The one entry with this id, this beginning of an id, or this id of its event.
 * @throws PipelineError quarantine_entry_unknown, quarantine_entry_ambiguous
 */
export async function findEntry(db: Queryable, id: string): Promise<Entry & EntryBytes> {
  const rows = await db.query<Entry & EntryBytes>(
    `select ${entryColumns}, e.original, e.fixed, last.last_status, last.last_code from quarantine.events e ${lastReplay}
     where e.event_id = $1 or (length($1) >= 6 and starts_with(e.quarantine_id, $1))
     order by e.received_at desc limit 11`,
    [id],
  );
  const [only] = rows;
  if (only === undefined) throw new PipelineError("quarantine_entry_unknown", { fields: { entry: id } });
  if (rows.length > 1) {
    const entries = rows.map((row) => row.quarantine_id).join(", ");
    throw new PipelineError("quarantine_entry_ambiguous", { fields: { entry: id, entries } });
  }
  return only;
}

/** Every attempt, the first first. */
export function replaysOf(db: Queryable, quarantineId: string): Promise<Replay[]> {
  return db.query(
    `select attempt, started_at, finished_at, by, door, posted_id, status, code, answer
     from quarantine.replays where quarantine_id = $1 order by attempt`,
    [quarantineId],
  );
}
