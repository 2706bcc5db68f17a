import { setTimeout as delay } from "node:timers/promises";
import { type KafkaConnection, type KafkaRecord, offsetsBetween, readOffsets, topicEnds } from "../../kafka/index.ts";
import { type Logger, PipelineError } from "../../runtime/index.ts";
import { type Database, noteReplay, type Queryable, type ReplayCounts } from "../../store/index.ts";
import { insertDeadLetters } from "../dead-letters.ts";
import type { SinkBatch } from "../sink.ts";
import { countedBefore } from "./counted-before.ts";
import type { ReplaySink } from "./sink-of-replay.ts";

export type TopicReplay = {
  readonly connection: KafkaConnection;
  /** As whoever may write into the sink's tables, pipeline.dead_letters and pipeline.replays. */
  readonly db: Database;
  readonly log: Logger;
  readonly topic: string;
  /** Milliseconds since 1970, by the time of a record's arrival; `toMs` itself is not among it. */
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly target: ReplaySink;
  /** The line of the replay; undefined is a dry run, which rolls everything back. */
  readonly replay: bigint | undefined;
  readonly quit: AbortSignal;
  /** Told once how many records lie in the range, at the most. */
  onTotal(records: number): void;
  /** Told after each transaction how many records were looked at, and what became of them. */
  onDone(looked: number, counts: ReplayCounts): void;
};

const retries = 5;

/** Thrown to end the reading, and inside a transaction to roll it back. */
class Ended extends Error {}
class Undone extends Error {}

/**
 * Stores records of a topic by a sink once more, in the order of each partition, beside the live one: what is there already stays as it is, and so does what is newer. Of the
 * records of the range are left out those that are dead letters (`hailstream dlq` is for them) and those that the live sink has not come to yet, which it will. A record counts in
 * the audit ledger once, whoever stores it. So a replay that was interrupted, or is run twice, changes nothing but what is still missing.
 * @returns the partitions of which Kafka took records of the range away before they were read
 * @throws PipelineError kafka_…, store_…, registry_…
 */
export async function replayTopic(run: TopicReplay): Promise<readonly number[]> {
  const { connection, topic, log, quit } = run;
  const ranges = (await offsetsBetween(connection, topic, run.range)).filter(({ from, to }) => from < to);
  run.onTotal(ranges.reduce((sum, { from, to }) => sum + Number(to - from), 0));
  const next = new Map(ranges.map(({ partition, from }) => [partition, from]));
  const overtaken = new Set<number>();
  const reading = readOffsets({
    ...{ connection, log, ranges },
    async onBatch({ partition, records, firstOffset, nextOffset }) {
      if (quit.aborted) throw new Ended();
      // A gap may come of compaction, too.
      const expected = next.get(partition) ?? firstOffset;
      if (firstOffset > expected) {
        const ends = await topicEnds(connection, topic);
        if (ends.some((end) => end.partition === partition && end.low > expected)) overtaken.add(partition);
      }
      next.set(partition, nextOffset);
      await takeBatch(run, partition, records);
    },
  });
  await reading.catch((error: unknown) => {
    if (!quit.aborted || !isOfEnding(error)) throw error;
  });
  return [...overtaken];
}

const isOfEnding = (error: unknown): boolean =>
  error instanceof Ended || (error instanceof Error && error.cause !== undefined && isOfEnding(error.cause));

/** Live traffic may get into the way: a deadlock, a lock that takes too long. */
async function untilDone<T>({ quit }: TopicReplay, work: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PipelineError) || !error.retryable || ++failures > retries || quit.aborted) throw error;
      await delay(100 * 2 ** failures);
    }
  }
}

async function takeBatch(run: TopicReplay, partition: number, all: readonly KafkaRecord[]): Promise<void> {
  const { fromMs, toMs } = run.range;
  const inTime = all.filter(({ timestamp }) => Number(timestamp) >= fromMs && Number(timestamp) < toMs);
  const { left, parts } = await untilDone(run, () => plan(run, partition, inTime));
  if (run.replay !== undefined && left.read > 0) await noteReplay(run.db, run.replay, left);
  run.onDone(all.length - inTime.length + left.read, left);
  for (const part of parts) if (part.batch.records.length > 0) await untilDone(run, () => store(run, part));
}

/** Records of one partition, in order, and whether the audit ledger has them. */
type Part = { readonly batch: SinkBatch; readonly counted: boolean };

/** What is left out, and the rest: together where order matters or there is no ledger, otherwise apart, since only what the ledger has not is counted. */
async function plan(
  { db, topic, target }: TopicReplay,
  partition: number,
  all: readonly KafkaRecord[],
): Promise<{ readonly left: ReplayCounts; readonly parts: readonly Part[] }> {
  // First: letters and ledger lines of what lies below it are there by now.
  const next = await nextOffset(db, target.consumer, topic, partition);
  const letters = await lettersAmong(db, target.consumer, topic, partition, all);
  const records = all.filter(({ offset }) => !letters.has(offset) && (next === undefined || BigInt(offset) < next));
  const left = {
    ...{ read: all.length - records.length, stored: 0, present: 0, rejected: 0 },
    letters: letters.size,
    ahead: all.length - records.length - letters.size,
  };
  const whole = { topic, partition, records };
  if (target.uncounted === undefined) return { left, parts: [{ batch: whole, counted: false }] };
  const known = await countedBefore(db, target.tables, whole);
  const parts = [false, true].map((counted) => ({
    ...{ counted, batch: { ...whole, records: records.filter(({ offset }) => known.has(offset) === counted) } },
  }));
  return { left, parts };
}

async function store({ db, target, replay, onDone }: TopicReplay, { batch, counted }: Part): Promise<void> {
  const { topic, partition, records } = batch;
  const sink = counted ? (target.uncounted ?? target.sink) : target.sink;
  const counts = { read: records.length, stored: 0, present: 0, rejected: 0, letters: 0, ahead: 0 };
  const delivery = await sink.prepare(batch);
  try {
    await db.transaction(async (tx) => {
      const rejections = await delivery.write(tx, "careful");
      Object.assign(counts, delivery.written(), { rejected: rejections.length });
      if (replay === undefined) throw new Undone();
      await insertDeadLetters(tx, { consumer: target.consumer, topic, partition }, rejections, counted);
      await noteReplay(tx, replay, counts);
    });
    delivery.committed();
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  } finally {
    delivery.release();
  }
  onDone(records.length, counts);
}

/** undefined: the sink has never stored anything of the partition, so all of it may be stored. */
async function nextOffset(
  db: Queryable,
  consumer: string,
  topic: string,
  partition: number,
): Promise<bigint | undefined> {
  const [row] = await db.query<{ next_offset: bigint }>(
    "select next_offset from pipeline.checkpoints where consumer = $1 and topic = $2 and partition = $3",
    [consumer, topic, partition],
  );
  return row?.next_offset;
}

async function lettersAmong(
  db: Queryable,
  consumer: string,
  topic: string,
  partition: number,
  records: readonly KafkaRecord[],
): Promise<ReadonlySet<string>> {
  if (records.length === 0) return new Set();
  const rows = await db.query<{ record_offset: bigint }>(
    `select record_offset from pipeline.dead_letters
     where consumer = $1 and topic = $2 and partition = $3 and record_offset = any ($4::bigint[]) and state = 'open'`,
    [consumer, topic, partition, records.map(({ offset }) => offset)],
  );
  return new Set(rows.map(({ record_offset }) => String(record_offset)));
}
