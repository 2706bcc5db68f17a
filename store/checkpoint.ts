import { hostname } from "node:os";
import type { Database, Transaction } from "./database.ts";

/** Whose progress: one row of pipeline.checkpoints. */
export type CheckpointKey = { readonly consumer: string; readonly topic: string; readonly partition: number };

/** What a claim gives: the right to advance under `epoch`, and the offset to go on from. */
export type Claim = { readonly epoch: bigint; readonly nextOffset: bigint };

const claimSql = `
  insert into pipeline.checkpoints as c (consumer, topic, partition, next_offset, epoch, owner)
  values ($1, $2, $3, $4, 1, $5)
  on conflict (consumer, topic, partition)
  do update set epoch = c.epoch + 1, owner = excluded.owner, claimed_at = clock_timestamp()
  returning next_offset, epoch`;

const endBlockersSql = "select pg_terminate_backend(pid) from unnest(pg_blocking_pids($1)) as pid";

const advanceSql = `
  update pipeline.checkpoints set next_offset = $1, updated_at = clock_timestamp()
  where consumer = $2 and topic = $3 and partition = $4 and epoch = $5 and next_offset = $6`;

/** How long a claim lets the former owner's transaction finish before it has the server end it. */
const defaultPatienceMs = 5_000;

/**
 * Takes a partition over: from now on no older claim can advance it. Waits, by the row's lock, for any transaction of the former
 * owner that is still open, so `nextOffset` is the truth, also after a connection was lost during COMMIT. A partition
 * that nobody claimed before starts at `startOffset`.
 *
 * A former owner that was stopped while the server waited for its COPY data would hold the lock for ever: neither
 * statement_timeout nor idle_in_transaction_session_timeout ends such a wait. So after `patienceMs` the claim ends the session that blocks it; its
 * transaction is rolled back, as the claim would have fenced it anyway.
 *
 * In a transaction of its own that reaches the disk: an epoch that a crash took back would let a zombie pass.
 * @throws PipelineError store_unavailable
 */
export async function claim(
  db: Database,
  consumer: string,
  topic: string,
  partition: number,
  startOffset: bigint,
  patienceMs: number = defaultPatienceMs,
): Promise<Claim> {
  const owner = `${hostname()}/${process.pid}`;
  const rows = await db.transaction(
    async (tx) => {
      const [self] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
      const timer = setTimeout(() => {
        // Where the blocking session belongs to another role it is left alone, and the claim ends by its lock time-out.
        db.query(endBlockersSql, [self?.pid]).catch(() => undefined);
      }, patienceMs);
      try {
        return await tx.query<{ next_offset: bigint; epoch: bigint }>(claimSql, [
          consumer,
          topic,
          partition,
          startOffset,
          owner,
        ]);
      } finally {
        clearTimeout(timer);
      }
    },
    { synchronousCommit: true },
  );
  const row = rows[0];
  if (row === undefined) throw new Error("a claim returned no row");
  return { epoch: row.epoch, nextOffset: row.next_offset };
}

/**
 * Moves a checkpoint from `expected` to `next` under `epoch`; to be the first statement of the transaction that stores what was
 * made of the records in between. `false` means fenced: another worker has claimed the partition, or this transaction's
 * work is stored already; the caller must roll back.
 */
export async function advance(
  tx: Transaction,
  step: CheckpointKey & { readonly epoch: bigint; readonly expected: bigint; readonly next: bigint },
): Promise<boolean> {
  const { consumer, topic, partition, epoch, expected, next } = step;
  return (await tx.execute(advanceSql, [next, consumer, topic, partition, epoch, expected])) === 1;
}
