import { setTimeout as delay } from "node:timers/promises";
import { type ErrorCode, PipelineError } from "../../runtime/index.ts";
import {
  type Database,
  type LetterFilter,
  noteRedrive,
  type Queryable,
  type RedriveCounts,
  type Transaction,
} from "../../store/index.ts";
import { messageToKeep } from "../dead-letters.ts";
import type { Delivery, Rejection, Sink, SinkBatch } from "../sink.ts";
import { filterParams, filterSql, type Kept, recordOf, sinkLetterPrefix } from "./letters.ts";
import type { FindSink, LetterSink } from "./sink-of-letters.ts";

/** What became of one letter. */
export type LetterOutcome = {
  readonly id: string;
  readonly outcome: "redriven" | "failed" | "skipped";
  readonly code?: string;
  readonly message?: string;
};

export type SinkRedrive = {
  readonly db: Database;
  readonly filter: LetterFilter;
  readonly findSink: FindSink;
  /** The most letters. */
  readonly limit: number;
  /** Store also what a tombstone may have deleted since. */
  readonly revive: boolean;
  /** The line of the redrive; undefined is a dry run, which rolls everything back. */
  readonly redrive: bigint | undefined;
  readonly quit: AbortSignal;
  /** Told after each transaction. */
  onDone(outcomes: readonly LetterOutcome[]): void;
};

/** Letters of one partition go in one transaction, so many at a time; a second of work at the most, even if each fails again. */
const pageSize = 500;
const retries = 5;

type Group = { readonly consumer: string; readonly topic: string; readonly partition: number; readonly newest: bigint };

const groupsSql = `
  select l.consumer, l.topic, l.partition, max(l.dead_letter_id) as newest from pipeline.dead_letters l
  where ${filterSql} and l.state = 'open' group by 1, 2, 3 order by 1, 2, 3`;

const pageSql = `
  select l.dead_letter_id, l.record_offset, l.key, l.value, l.headers, l.record_time, l.at, l.counted from pipeline.dead_letters l
  where ${filterSql} and l.state = 'open' and l.consumer = $11 and l.topic = $12 and l.partition = $13 and l.dead_letter_id <= $14
    and l.record_offset > $15 order by l.record_offset limit $16`;

/**
 * Stores records of dead letters by the sink that had refused them, in the order of their offsets; the same transaction says that a letter is redriven, or that it
 * failed again and why. So whatever ends it in between, a letter is open and not stored, or stored and not open. Letters that come meanwhile wait for the next time.
 * @throws PipelineError store_…, registry_…
 */
export async function redriveSinkLetters(run: SinkRedrive): Promise<void> {
  const groups = await run.db.query<Group>(groupsSql, filterParams(run.filter));
  let left = run.limit;
  for (const group of groups) {
    const target = await run.findSink(group.consumer);
    for (let after = -1n; left > 0 && !run.quit.aborted; ) {
      const page = await readPage(run, group, after, Math.min(pageSize, left));
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.record_offset;
      left -= page.length;
      run.onDone(await redrivePage(run, group, target, page));
    }
  }
}

/** How many a redrive is about to try. */
export async function countOpenSinkLetters(db: Queryable, filter: LetterFilter): Promise<number> {
  const sql = `select count(*)::int as count from pipeline.dead_letters l where ${filterSql} and l.state = 'open'`;
  const [row] = await db.query<{ count: number }>(sql, filterParams(filter));
  return row?.count ?? 0;
}

function readPage({ db, filter }: SinkRedrive, group: Group, after: bigint, limit: number): Promise<Kept[]> {
  const { consumer, topic, partition, newest } = group;
  return db.query<Kept>(pageSql, [...filterParams(filter), consumer, topic, partition, newest, after, limit]);
}

async function redrivePage(
  run: SinkRedrive,
  group: Group,
  target: LetterSink,
  page: readonly Kept[],
): Promise<readonly LetterOutcome[]> {
  const skipped: LetterOutcome[] = [];
  const wanted: Kept[] = [];
  for (const letter of page) {
    const code = refusalOf(target, letter, run.revive);
    if (code === undefined) wanted.push(letter);
    else skipped.push({ id: idOf(letter), outcome: "skipped", code });
  }
  if (skipped.length > 0 && run.redrive !== undefined) {
    await noteRedrive(run.db, run.redrive, { redriven: 0, failed: 0, skipped: skipped.length });
  }
  const outcomes = [...skipped];
  for (const [sink, letters] of partsOf(target, wanted)) {
    if (letters.length > 0) outcomes.push(...(await storeUntilDone(run, group, sink, letters)));
  }
  return outcomes;
}

/** Which sink takes which letters. What the audit ledger has already is not counted again; only where there is a ledger, for there the order of rows does not matter. */
function partsOf(target: LetterSink, letters: readonly Kept[]): readonly (readonly [Sink, readonly Kept[]])[] {
  if ("refused" in target) return [];
  if (target.uncounted === undefined) return [[target.sink, letters]];
  return [
    [target.sink, letters.filter(({ counted }) => !counted)],
    [target.uncounted, letters.filter(({ counted }) => counted)],
  ];
}

function refusalOf(target: LetterSink, letter: Kept, revive: boolean): ErrorCode | undefined {
  if ("refused" in target) return target.refused;
  if (target.needsTime && letter.record_time === null) return "dlq_time_unknown";
  return target.mayBeDeleted && !revive && letter.value !== null ? "dlq_key_may_be_deleted" : undefined;
}

/** Thrown inside the transaction to roll it back. */
class Undone extends Error {}
class OthersWereFaster extends Error {
  readonly left: ReadonlySet<bigint>;
  constructor(left: ReadonlySet<bigint>) {
    super("somebody else has redriven some of the letters");
    this.left = left;
  }
}

/** Live traffic may get into the way (a deadlock, a lock that takes too long), and so may another redrive. */
async function storeUntilDone(
  run: SinkRedrive,
  group: Group,
  sink: Sink,
  page: readonly Kept[],
): Promise<readonly LetterOutcome[]> {
  let letters = page;
  for (let failures = 0; letters.length > 0; ) {
    try {
      return await storePage(run, group, sink, letters);
    } catch (error) {
      if (error instanceof OthersWereFaster) {
        letters = letters.filter((letter) => error.left.has(letter.dead_letter_id));
        continue;
      }
      if (!(error instanceof PipelineError) || !error.retryable || ++failures > retries || run.quit.aborted)
        throw error;
      await delay(100 * 2 ** failures);
    }
  }
  return [];
}

async function storePage(
  run: SinkRedrive,
  { topic, partition }: Group,
  sink: Sink,
  letters: readonly Kept[],
): Promise<readonly LetterOutcome[]> {
  const batch: SinkBatch = { topic, partition, records: letters.map(recordOf) };
  const delivery = await sink.prepare(batch);
  let rejections: readonly Rejection[] = [];
  try {
    await run.db.transaction(async (tx) => {
      await holdAll(tx, letters);
      rejections = await delivery.write(tx, "careful");
      if (run.redrive === undefined) throw new Undone();
      await mark(tx, run.redrive, letters, rejections);
    });
    delivery.committed();
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  } finally {
    release(delivery);
  }
  const failed = new Map(rejections.map((rejection) => [rejection.record.offset, rejection]));
  return letters.map((letter): LetterOutcome => {
    const again = failed.get(String(letter.record_offset));
    if (again === undefined) return { id: idOf(letter), outcome: "redriven" };
    return { id: idOf(letter), outcome: "failed", code: again.reason, message: again.message };
  });
}

const release = (delivery: Delivery): void => delivery.release();
const idOf = (letter: Kept): string => `${sinkLetterPrefix}${letter.dead_letter_id}`;

/** Locks the letters until the transaction ends, so that two redrives are one after the other. */
async function holdAll(tx: Transaction, letters: readonly Kept[]): Promise<void> {
  const held = await tx.query<{ id: bigint }>(
    `select dead_letter_id as id from pipeline.dead_letters where dead_letter_id = any ($1) and state = 'open'
     order by dead_letter_id for update`,
    [letters.map((letter) => letter.dead_letter_id)],
  );
  if (held.length < letters.length) throw new OthersWereFaster(new Set(held.map(({ id }) => id)));
}

async function mark(
  tx: Transaction,
  redrive: bigint,
  letters: readonly Kept[],
  rejections: readonly Rejection[],
): Promise<void> {
  const failed = new Set(rejections.map(({ record }) => record.offset));
  const ids = new Map(letters.map((letter) => [String(letter.record_offset), letter.dead_letter_id]));
  await tx.execute(
    `update pipeline.dead_letters l set attempts = l.attempts + 1, tried_at = clock_timestamp(), redrive_id = $2, state = r.state
     from unnest($1::bigint[], $3::text[]) as r (id, state) where l.dead_letter_id = r.id`,
    [[...ids.values()], redrive, [...ids.keys()].map((offset) => (failed.has(offset) ? "open" : "redriven"))],
  );
  if (rejections.length > 0) {
    await tx.execute(
      `update pipeline.dead_letters l set reason = r.reason, sql_state = r.sql_state, message = r.message
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as r (id, reason, sql_state, message)
       where l.dead_letter_id = r.id`,
      [
        rejections.map(({ record }) => ids.get(record.offset)),
        rejections.map(({ reason }) => reason),
        rejections.map(({ sqlState }) => sqlState ?? null),
        rejections.map(({ message }) => messageToKeep(message)),
      ],
    );
  }
  const counts: RedriveCounts = {
    redriven: letters.length - rejections.length,
    failed: rejections.length,
    skipped: 0,
  };
  await noteRedrive(tx, redrive, counts);
}
