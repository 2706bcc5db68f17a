import type { Queryable } from "../store/index.ts";

/** What a sink could not store lately; the data of a `pipeline.rejections`. */
export type Rejections = {
  readonly consumer: string;
  readonly source_topic: string;
  readonly code: string;
  readonly records: number;
};

/** What became dead letters of the sinks in the last quarter of an hour. @throws PipelineError store_… */
export async function recentRejections(db: Queryable): Promise<readonly Rejections[]> {
  return db.query<Rejections>(
    `select consumer, topic as source_topic, reason as code, count(*)::int as records from pipeline.dead_letters
     where at > now() - interval '15 minutes' group by 1, 2, 3 order by 1, 2, 3`,
  );
}
