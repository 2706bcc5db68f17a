import type { Queryable } from "./transaction.ts";

/** What became of the records of a replay. */
export type ReplayCounts = {
  readonly read: number;
  /** Rows that are new, changed or deleted. */
  readonly stored: number;
  /** Rows that were there already, or would have taken the place of newer ones. */
  readonly present: number;
  /** Records that became dead letters. */
  readonly rejected: number;
  /** Records that were dead letters before, and were left alone. */
  readonly letters: number;
  /** Records that the live sink had not come to yet, and were left to it. */
  readonly ahead: number;
};

export type ReplayWish = {
  readonly by: string;
  readonly topic: string;
  readonly into: string;
  readonly from: Date;
  readonly to: Date;
};

/** Writes down that somebody begins a replay. @returns the id under which {@link noteReplay} counts */
export async function beginReplay(db: Queryable, { by, topic, into, from, to }: ReplayWish): Promise<bigint> {
  const [row] = await db.query<{ id: bigint }>(
    `insert into pipeline.replays (by, topic, connector, from_time, to_time) values ($1, $2, $3, $4, $5) returning replay_id as id`,
    [by, topic, into, from, to],
  );
  return (row as { id: bigint }).id;
}

/** Adds to the line of a replay, in the transaction of what it counts. */
export async function noteReplay(tx: Queryable, replay: bigint, counts: ReplayCounts): Promise<void> {
  const { read, stored, present, rejected, letters, ahead } = counts;
  await tx.execute(
    `update pipeline.replays set read = read + $2, stored = stored + $3, present = present + $4, rejected = rejected + $5, letters = letters + $6, ahead = ahead + $7
     where replay_id = $1`,
    [replay, read, stored, present, rejected, letters, ahead],
  );
}

/** It has read all of its range. */
export async function endReplay(db: Queryable, replay: bigint): Promise<void> {
  await db.execute("update pipeline.replays set finished_at = clock_timestamp() where replay_id = $1", [replay]);
}
