import { randomUUID } from "node:crypto";
import type { ErrorCode } from "../../runtime/index.ts";
import type { Database, Queryable, Transaction } from "../../store/index.ts";
import { type Entry, type EntryBytes, type EntryFilter, entryColumns, filterParams, filterSql } from "./entries.ts";

/** An entry with its bytes, for whoever decides about it. */
export type HeldEntry = Omit<Entry, "last_status" | "last_code"> & EntryBytes & { readonly in_hand: boolean };

/** Where the next page begins: behind this entry, the oldest being first. */
export type Place = { readonly received_at: Date; readonly quarantine_id: string };

const pageSql = `
  select ${entryColumns}, e.original, e.fixed, e.lease_until > now() as in_hand from quarantine.events e
  where ${filterSql} and e.state <> 'replayed'
    and ($10::timestamptz is null or (e.received_at, e.quarantine_id) > ($10, $11::text))
  order by e.received_at, e.quarantine_id limit $12`;

/** Some entries that were not replayed yet, with their bytes, the oldest first. */
export function readPage(
  db: Queryable,
  filter: EntryFilter,
  after: Place | undefined,
  limit: number,
  lock = "",
): Promise<HeldEntry[]> {
  const place = [after?.received_at ?? null, after?.quarantine_id ?? null];
  return db.query(pageSql + lock, [...filterParams(filter), ...place, limit]);
}

/** Locked until the transaction ends. */
function hold(tx: Transaction, filter: EntryFilter, after: Place | undefined, limit: number): Promise<HeldEntry[]> {
  return readPage(tx, filter, after, limit, " for update");
}

/** What a page of entries came to. `last` is missing when there was none any more. */
export type Page<T> = { readonly outcomes: readonly T[]; readonly last: Place | undefined };

/**
 * Keeps a corrected version beside each entry of a page for which `decide` gives one; the original stays.
 * @param decide gives what it made of an entry, with the version to be kept, if any
 */
export function fixPage<T extends { readonly version?: Buffer }>(
  db: Database,
  filter: EntryFilter,
  after: Place | undefined,
  limit: number,
  by: string,
  decide: (entries: readonly HeldEntry[]) => Promise<readonly T[]>,
): Promise<Page<T>> {
  return db.transaction(async (tx) => {
    const held = await hold(tx, filter, after, limit);
    const outcomes = await decide(held);
    await keepVersions(
      tx,
      by,
      held.flatMap((entry, i) => {
        const version = outcomes[i]?.version;
        return version === undefined ? [] : [{ id: entry.quarantine_id, version }];
      }),
    );
    return { outcomes, last: held.at(-1) };
  });
}

async function keepVersions(
  tx: Transaction,
  by: string,
  versions: readonly { readonly id: string; readonly version: Buffer }[],
): Promise<void> {
  if (versions.length === 0) return;
  await tx.execute(
    `update quarantine.events e set state = 'fixed', fixed = v.version, fixed_at = now(), fixed_by = $3
     from unnest($1::text[], $2::bytea[]) as v (id, version) where e.quarantine_id = v.id`,
    [versions.map(({ id }) => id), versions.map(({ version }) => version), by],
  );
}

/** What is to be done with an entry: posted as these bytes, or left alone, for this reason. */
export type Plan =
  | { readonly post: Buffer; readonly postedId: string; readonly isNewVersion: boolean }
  | { readonly skip: ErrorCode };

export type Planned = { readonly entry: HeldEntry; readonly plan: Plan };

/** Entries that this process may post now, alone, until the lease ends. */
export type TakenPage = Page<Planned> & { readonly lease: string };

/**
 * Takes those entries of a page that `plan` wants to be posted: counts the attempt and writes it down before it is made. Others neither
 * replay nor change them until the lease ends.
 */
export function takePage(
  db: Database,
  filter: EntryFilter,
  after: Place | undefined,
  limit: number,
  by: { readonly name: string; readonly door: string; readonly leaseMs: number },
  plan: (entry: HeldEntry) => Plan,
): Promise<TakenPage> {
  const lease = randomUUID();
  return db.transaction(async (tx) => {
    const held = await hold(tx, filter, after, limit);
    const outcomes = held.map((entry) => ({ entry, plan: plan(entry) }));
    const taken = outcomes.flatMap(({ entry: { quarantine_id: id }, plan }) =>
      "post" in plan ? [{ id, ...plan }] : [],
    );
    const versions = taken.filter(({ isNewVersion }) => isNewVersion);
    await keepVersions(
      tx,
      by.name,
      versions.map(({ id, post }) => ({ id, version: post })),
    );
    if (taken.length > 0) {
      await tx.execute(
        `with taken as (
           update quarantine.events e set attempts = e.attempts + 1, lease = $3, lease_until = now() + $4 * interval '1 ms'
           from unnest($1::text[], $2::text[]) as t (id, posted_id) where e.quarantine_id = t.id
           returning e.quarantine_id, e.attempts, t.posted_id
         )
         insert into quarantine.replays (quarantine_id, attempt, by, door, posted_id)
         select quarantine_id, attempts, $5, $6, posted_id from taken`,
        [taken.map(({ id }) => id), taken.map(({ postedId }) => postedId), lease, by.leaseMs, by.name, by.door],
      );
    }
    return { outcomes, last: held.at(-1), lease };
  });
}

/** The lease of what is still in hand begins anew. */
export async function extendLease(db: Database, lease: string, leaseMs: number): Promise<void> {
  await db.execute("update quarantine.events set lease_until = now() + $2 * interval '1 ms' where lease = $1", [
    lease,
    leaseMs,
  ]);
}

/** Whoever did not hear an answer leaves its entries to the next replay; the attempt stays without a status. */
export async function endLease(db: Database, lease: string): Promise<void> {
  await db.execute("update quarantine.events set lease = null, lease_until = '-infinity' where lease = $1", [lease]);
}

/** What the front door said of one event. */
export type ReplayAnswer = {
  readonly quarantineId: string;
  /** Which of its attempts; the first is 1. */
  readonly attempt: number;
  readonly status: string;
  readonly code?: string | undefined;
  readonly answer: unknown;
};

/**
 * Writes down what the front door said. An event that it has accepted, or had before, is replayed: that counts even when the lease was lost
 * meanwhile. The others may be replayed again.
 */
export async function finishReplays(db: Database, lease: string, answers: readonly ReplayAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  await db.execute(
    `with answered as (
       select * from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[]) as a (id, attempt, status, code, answer)
     ), written as (
       update quarantine.replays r set finished_at = clock_timestamp(), status = a.status, code = a.code, answer = a.answer::jsonb
       from answered a where r.quarantine_id = a.id and r.attempt = a.attempt
     )
     update quarantine.events e set
       state = case when a.status in ('accepted', 'duplicate') then 'replayed' else e.state end,
       lease = case when e.lease = $1 then null else e.lease end,
       lease_until = case when e.lease = $1 then '-infinity' else e.lease_until end
     from answered a where e.quarantine_id = a.id`,
    [
      lease,
      answers.map(({ quarantineId }) => quarantineId),
      answers.map(({ attempt }) => attempt),
      answers.map(({ status }) => status),
      answers.map(({ code }) => code ?? null),
      // No jsonb holds NUL.
      answers.map(({ answer }) => JSON.stringify(answer ?? null).replaceAll("\\u0000", "\\u2400")),
    ],
  );
}
