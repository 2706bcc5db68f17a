import type { Queryable } from "./transaction.ts";

/** A dead letter as lists show it, wherever it lies: everything but its bytes. */
export type Letter = {
  /** Names its place, so it stays the same whatever becomes of the letter. */
  readonly id: string;
  /** `sinks`: in Postgres, what a sink could not store. `stream`: in a topic, what a processor could not use. */
  readonly place: "sinks" | "stream";
  /** The consumer group of the sink, or the flow. */
  readonly consumer: string;
  /** Where the record was read. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly eventId: string | null;
  readonly type: string | null;
  /** Why it failed the last time. */
  readonly code: string;
  readonly message: string;
  /** When it became a dead letter. */
  readonly at: Date;
  readonly state: "open" | "redriven";
  readonly attempts: number;
  readonly triedAt: Date | null;
};

/** All that is given must hold; of a list, one of its items. */
export type LetterFilter = {
  readonly ids?: readonly string[] | undefined;
  /** `sinks`, `stream`, a consumer group of a sink, or a flow. */
  readonly places?: readonly string[] | undefined;
  readonly topics?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  /** Of the envelope: app and version; empty text: it has none. */
  readonly sources?: readonly string[] | undefined;
  /** null: no schema id was read. */
  readonly schemaIds?: readonly (number | null)[] | undefined;
  readonly eventId?: string | undefined;
  readonly states?: readonly string[] | undefined;
  /** By when a record became a dead letter. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
};

/** What became of some letters: stored or sent after all, failed again, or left alone. */
export type RedriveCounts = { readonly redriven: number; readonly failed: number; readonly skipped: number };

/** Writes down that somebody begins to redrive. @returns the id under which {@link noteRedrive} counts */
export async function beginRedrive(db: Queryable, by: string, filter: LetterFilter): Promise<bigint> {
  const [row] = await db.query<{ id: bigint }>(
    "insert into pipeline.redrives (by, filter) values ($1, $2) returning redrive_id as id",
    [by, JSON.stringify(filter)],
  );
  return (row as { id: bigint }).id;
}

/** Adds to the line of a redrive, in the transaction of what it counts. */
export async function noteRedrive(tx: Queryable, redrive: bigint, counts: RedriveCounts): Promise<void> {
  const { redriven, failed, skipped } = counts;
  await tx.execute(
    `update pipeline.redrives set matched = matched + $2 + $3 + $4, redriven = redriven + $2, failed = failed + $3, skipped = skipped + $4
     where redrive_id = $1`,
    [redrive, redriven, failed, skipped],
  );
}

/** It has ended by itself, or was asked to. */
export async function endRedrive(db: Queryable, redrive: bigint): Promise<void> {
  await db.execute("update pipeline.redrives set finished_at = clock_timestamp() where redrive_id = $1", [redrive]);
}
