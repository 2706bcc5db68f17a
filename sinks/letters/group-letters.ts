import type { Letter, LetterFilter, Queryable } from "../../store/index.ts";
import { filterParams, filterSql, sinkLetterPrefix } from "./letters.ts";

/** Letters that are alike: the same consumer, topic, reason, app version, type and schema. */
export type LetterGroup = Pick<Letter, "consumer" | "topic" | "code" | "message"> & {
  readonly source: string;
  readonly type: string;
  readonly schemaId: number | null;
  readonly count: number;
  /** Of these, not redriven. */
  readonly waiting: number;
  readonly first: Date;
  readonly last: Date;
  /** The newest of them, where it was read; `message` is its own. */
  readonly example: string;
  readonly partition: number;
  readonly offset: bigint;
};

/** The largest groups first. */
export function groupSinkLetters(db: Queryable, filter: LetterFilter, limit: number): Promise<LetterGroup[]> {
  return db.query(
    `select g.consumer, g.topic, g.code, g.source, g.type, g."schemaId", g.count, g.waiting, g.first, g.last,
       '${sinkLetterPrefix}' || g.newest as example, x.message, x.partition, x.record_offset as offset
     from (
       select l.consumer, l.topic, l.reason as code, coalesce(l.headers ->> 'ce_source', '') as source, coalesce(l.headers ->> 'ce_type', '') as type,
         l.schema_id as "schemaId", count(*)::int as count, (count(*) filter (where l.state = 'open'))::int as waiting,
         min(l.at) as first, max(l.at) as last, max(l.dead_letter_id) as newest
       from pipeline.dead_letters l where ${filterSql} group by 1, 2, 3, 4, 5, 6 order by count desc, 1, 2, 3, 4, 5, 6 limit $11
     ) g join pipeline.dead_letters x on x.dead_letter_id = g.newest order by g.count desc, g.newest desc`,
    [...filterParams(filter), limit],
  );
}
