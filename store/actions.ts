import type { Queryable } from "./transaction.ts";

/** What a person did, where it is not written elsewhere. */
export type NewAction = {
  /** Who, as far as that is known: a role and an address. */
  readonly by: string;
  /** Two words: `delivery replay`, `silence end`. */
  readonly action: string;
  /** The id of what it was done to; empty when to many. */
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
};

export type Action = NewAction & { readonly id: string; readonly at: Date };

/** Writes down who does what; in the transaction of what is done, so that neither is there without the other. @throws PipelineError store_… */
export async function noteAction(tx: Queryable, { by, action, subject, details }: NewAction): Promise<void> {
  await tx.execute("insert into pipeline.actions (by, action, subject, details) values ($1, $2, $3, $4)", [
    ...[by, action, subject],
    JSON.stringify(details),
  ]);
}

/** The newest first. @throws PipelineError store_… */
export async function readActions(
  db: Queryable,
  wanted: { readonly subject?: string | undefined; readonly actions?: readonly string[]; readonly limit: number },
): Promise<readonly Action[]> {
  const rows = await db.query<Omit<Action, "id"> & { readonly id: bigint }>(
    `select action_id as id, at, by, action, subject, details from pipeline.actions
     where ($1::text is null or subject = $1) and ($2::text[] is null or action = any ($2)) order by action_id desc limit $3`,
    [wanted.subject ?? null, wanted.actions ?? null, wanted.limit],
  );
  return rows.map((row) => ({ ...row, id: String(row.id) }));
}
