import type { Queryable } from "./transaction.ts";

/** What people do to events in quarantine. */
export type ActKind = "fix" | "replay";

/** For how many events something was to be done, and for how many it was. */
export type ActCounts = { readonly matched: number; readonly succeeded: number };

/** Writes down that somebody begins to fix or replay events. @param what which events, and how @returns the number of its line */
export async function beginAct(db: Queryable, kind: ActKind, by: string, what: unknown): Promise<bigint> {
  const [row] = await db.query<{ id: bigint }>(
    "insert into quarantine.acts (kind, by, what) values ($1, $2, $3) returning act_id as id",
    [kind, by, JSON.stringify(what)],
  );
  return (row as { id: bigint }).id;
}

/** It has ended; without counts, by an error. */
export async function endAct(db: Queryable, act: bigint, counts: ActCounts | undefined): Promise<void> {
  await db.execute(
    "update quarantine.acts set finished_at = clock_timestamp(), matched = $2, succeeded = $3 where act_id = $1",
    [act, counts?.matched ?? null, counts?.succeeded ?? null],
  );
}

/** A line of what people did: to events in quarantine, or to dead letters. */
export type ActLine = {
  readonly id: string;
  readonly kind: ActKind | "redrive";
  readonly by: string;
  readonly what: unknown;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly matched: number | null;
  readonly succeeded: number | null;
};

/** The newest first. */
export function listActs(db: Queryable, limit: number): Promise<ActLine[]> {
  return db.query(
    `select 'act ' || act_id as id, kind, by, what, started_at, finished_at, matched, succeeded from quarantine.acts
     union all
     select 'redrive ' || redrive_id, 'redrive', by, filter, started_at, finished_at, matched, redriven from pipeline.redrives
     order by started_at desc, id desc limit $1`,
    [limit],
  );
}
