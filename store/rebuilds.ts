import type { Database, Transaction } from "./database.ts";
import type { OutboxRecord } from "./state-store.ts";

/** A memory that is built beside the one of a live processor. */
export type Rebuild = {
  /** The consumer under which it reads and remembers. */
  readonly name: string;
  /** The live processor's consumer, and the topic that both read. */
  readonly consumer: string;
  readonly topic: string;
};

/** A record for the outbox of a partition. */
export type Correction = { readonly partition: number; readonly record: OutboxRecord };

const deadAfter = "interval '1 minute'";

/** Notes that a rebuild has begun; false when another one of the same consumer is under way. Removes what dead ones left behind. */
export async function beginRebuild(db: Database, { name, consumer }: Rebuild): Promise<boolean> {
  const dead = await db.query<{ rebuild: string }>(
    `select rebuild from pipeline.rebuilds where consumer = $1 and seen_at < clock_timestamp() - ${deadAfter}`,
    [consumer],
  );
  for (const { rebuild } of dead) await dropRebuild(db, rebuild);
  return db.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock(hashtextextended('rebuild ' || $1, 0))", [consumer]);
    const begun = await tx.execute(
      `insert into pipeline.rebuilds (rebuild, consumer) select $1, $2
       where not exists (select from pipeline.rebuilds where consumer = $2)`,
      [name, consumer],
    );
    return begun === 1;
  });
}

/** To be called every few seconds: the rebuild lives. */
export async function touchRebuild(db: Database, name: string): Promise<void> {
  await db.execute("update pipeline.rebuilds set seen_at = clock_timestamp() where rebuild = $1", [name]);
}

/** The partitions begin at their oldest record, and their results count their revisions from `base`. */
export async function seedRebuild(
  db: Database,
  { name, topic }: Rebuild,
  ends: readonly { readonly partition: number; readonly low: bigint }[],
  base: number,
): Promise<void> {
  await db.execute(
    `insert into pipeline.checkpoints (consumer, topic, partition, next_offset, epoch, owner, revision_base)
     select $1, $2, partition, low, 0, 'rebuild', $5 from unnest($3::int[], $4::bigint[]) as u (partition, low)`,
    [name, topic, ends.map(({ partition }) => partition), ends.map(({ low }) => String(low)), base],
  );
}

/** Removes all that a rebuild keeps, but what a live processor has taken over. */
export async function dropRebuild(db: Database, name: string): Promise<void> {
  const [used] = await db.query("select 1 from pipeline.checkpoints where memory = $1 limit 1", [name]);
  await db.execute("delete from pipeline.checkpoints where consumer = $1", [name]);
  if (used === undefined) await dropMemory(db, name);
  await db.execute("delete from pipeline.rebuilds where rebuild = $1", [name]);
}

/** Deletes what is kept under a name, a part at a time, so that no statement takes long. */
async function dropMemory(db: Database, name: string): Promise<void> {
  const someState = `delete from pipeline.state where (consumer, partition, key) in
    (select consumer, partition, key from pipeline.state where consumer = $1 limit 10000)`;
  while ((await db.execute(someState, [name])) > 0);
  await db.execute("delete from pipeline.outbox where consumer = $1", [name]);
  await db.execute("delete from pipeline.watermarks where consumer = $1", [name]);
}

/** What the live processor holds back while a switch is decided upon. */
export type Halted = {
  /** What it has decided and Kafka has perhaps not acknowledged yet, in the order of decision. */
  readonly outbox: readonly OutboxRecord[];
};

/**
 * Gives the live processor the rebuilt memory, all partitions in one transaction: offset, state, time and revisions are the rebuilt ones, and its
 * epoch is raised, so that whoever works under an older claim stores nothing any more, claims again and goes on from there. Until the
 * transaction has ended, the live one waits for the lock of its checkpoint.
 * @param decide gives the corrections to be written to Kafka; what it throws leaves everything as it is
 * @returns false when the live one has read further than the rebuild; nothing is changed then
 */
export async function switchToRebuild(
  db: Database,
  { name, consumer, topic }: Rebuild,
  decide: (halted: Halted) => Promise<readonly Correction[]>,
): Promise<boolean> {
  const former = await db.transaction(async (tx) => {
    const live = await tx.query<{ partition: number; next_offset: bigint; memory: string }>(
      `select partition, next_offset, coalesce(memory, consumer) as memory from pipeline.checkpoints
       where consumer = $1 and topic = $2 order by partition for update`,
      [consumer, topic],
    );
    const rebuilt = await tx.query<{ partition: number; next_offset: bigint }>(
      "select partition, next_offset from pipeline.checkpoints where consumer = $1 and topic = $2",
      [name, topic],
    );
    const reached = new Map(rebuilt.map((row) => [row.partition, row.next_offset]));
    if (live.some((row) => row.next_offset > (reached.get(row.partition) ?? 0n))) return undefined;
    const memories = [...new Set([consumer, ...live.map((row) => row.memory)])];
    const outbox = await tx.query<OutboxRecord>(
      "select topic, key, value, headers from pipeline.outbox where consumer = any($1) order by outbox_id",
      [memories],
    );
    const corrections = await decide({ outbox });
    await hand(tx, { name, consumer, topic }, memories);
    await addToOutbox(tx, name, corrections);
    return memories;
  });
  if (former === undefined) return false;
  // What the live one had decided before is in the new outbox; the old memory is nobody's now.
  for (const memory of former) await dropMemory(db, memory);
  await dropRebuild(db, name);
  return true;
}

async function hand(tx: Transaction, { name, consumer, topic }: Rebuild, memories: readonly string[]): Promise<void> {
  await tx.execute(
    `insert into pipeline.checkpoints as l (consumer, topic, partition, next_offset, epoch, owner, memory, revision_base)
     select $1, topic, partition, next_offset, 1, 'rebuild', $2, revision_base from pipeline.checkpoints
     where consumer = $2 and topic = $3
     on conflict (consumer, topic, partition) do update set next_offset = excluded.next_offset, epoch = l.epoch + 1,
       memory = excluded.memory, revision_base = excluded.revision_base, updated_at = clock_timestamp()`,
    [consumer, name, topic],
  );
  await tx.execute("update pipeline.outbox set consumer = $1 where consumer = any($2)", [name, memories]);
  await tx.execute("delete from pipeline.checkpoints where consumer = $1", [name]);
}

async function addToOutbox(tx: Transaction, consumer: string, corrections: readonly Correction[]): Promise<void> {
  for (let i = 0; i < corrections.length; i += 1_000) {
    const some = corrections.slice(i, i + 1_000);
    await tx.execute(
      `insert into pipeline.outbox (consumer, partition, topic, key, value, headers)
       select $1, partition, topic, key, value, headers::json
       from unnest($2::int[], $3::text[], $4::text[], $5::bytea[], $6::text[])
         as u (partition, topic, key, value, headers)`,
      [
        consumer,
        some.map(({ partition }) => partition),
        some.map(({ record }) => record.topic),
        some.map(({ record }) => record.key),
        some.map(({ record }) => record.value),
        some.map(({ record }) => JSON.stringify(record.headers)),
      ],
    );
  }
}
