import type { Violation } from "../../schemas/index.ts";
import type { Queryable } from "../../store/index.ts";
import { type EntryFilter, filterParams, filterSql } from "./entries.ts";

/** Entries that are alike: the same reason, app version, type and schema. */
export type EntryGroup = {
  readonly code: string;
  readonly source: string;
  readonly type: string;
  readonly schema_id: number | null;
  readonly count: number;
  /** Of these, not replayed. */
  readonly waiting: number;
  readonly first: Date;
  readonly last: Date;
  /** The newest of them, and what is wrong with it. */
  readonly example_id: string;
  readonly violations: readonly Violation[];
};

/** The largest groups first. */
export function groupEntries(db: Queryable, filter: EntryFilter, limit: number): Promise<EntryGroup[]> {
  return db.query(
    `select g.*, x.violations from (
       select e.code, e.source, e.type, e.schema_id, count(*)::int as count, (count(*) filter (where e.state <> 'replayed'))::int as waiting,
         min(e.received_at) as first, max(e.last_received_at) as last,
         (array_agg(e.quarantine_id order by e.received_at desc, e.quarantine_id desc))[1] as example_id
       from quarantine.events e where ${filterSql} group by 1, 2, 3, 4 order by count desc, 1, 2, 3, 4 limit $10
     ) g join quarantine.events x on x.quarantine_id = g.example_id order by g.count desc, g.code, g.source, g.type, g.schema_id`,
    [...filterParams(filter), limit],
  );
}
