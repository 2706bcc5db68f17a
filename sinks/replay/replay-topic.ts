import { setTimeout as delay } from "node:timers/promises";
import { type KafkaConnection, type KafkaRecord, offsetsBetween, readOffsets } from "../../kafka/index.ts";
import { type Logger, PipelineError } from "../../runtime/index.ts";
import { type Database, noteReplay, type Queryable, type ReplayCounts } from "../../store/index.ts";
import { insertDeadLetters } from "../dead-letters.ts";
import type { Sink } from "../sink.ts";

export type TopicReplay = {
  readonly connection: KafkaConnection;
  /** As whoever may write into the sink's tables, pipeline.dead_letters and pipeline.replays. */
  readonly db: Database;
  readonly log: Logger;
  readonly topic: string;
  /** Milliseconds since 1970, by the time of a record's arrival; `toMs` itself is not among it. */
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly sink: Sink;
  /** The consumer group of the sink, whose checkpoints and dead letters are looked at. */
  readonly consumer: string;
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
 * records of the range are left out those that are dead letters (`hailstream dlq` is for them) and those that the live sink has not come to yet, which it will. So the audit
 * ledger needs no line of it, and a replay that was interrupted, or is run twice, changes nothing but what is still missing.
 * @throws PipelineError kafka_…, store_…, registry_…
 */
export async function replayTopic(run: TopicReplay): Promise<void> {
  const { connection, topic, log, quit } = run;
  const ranges = (await offsetsBetween(connection, topic, run.range)).filter(({ from, to }) => from < to);
  run.onTotal(ranges.reduce((sum, { from, to }) => sum + Number(to - from), 0));
  const reading = readOffsets({
    ...{ connection, log, ranges },
    async onBatch({ partition, records }) {
      if (quit.aborted) throw new Ended();
      await storeUntilDone(run, partition, records);
    },
  });
  await reading.catch((error: unknown) => {
    if (!quit.aborted || !isOfEnding(error)) throw error;
  });
}

const isOfEnding = (error: unknown): boolean =>
  error instanceof Ended || (error instanceof Error && error.cause !== undefined && isOfEnding(error.cause));

/** Live traffic may get into the way: a deadlock, a lock that takes too long. */
async function storeUntilDone(run: TopicReplay, partition: number, records: readonly KafkaRecord[]): Promise<void> {
  for (let failures = 0; ; ) {
    try {
      return await store(run, partition, records);
    } catch (error) {
      if (!(error instanceof PipelineError) || !error.retryable || ++failures > retries || run.quit.aborted)
        throw error;
      await delay(100 * 2 ** failures);
    }
  }
}

async function store(run: TopicReplay, partition: number, all: readonly KafkaRecord[]): Promise<void> {
  const { db, topic, sink, consumer, range } = run;
  const inTime = all.filter(({ timestamp }) => Number(timestamp) >= range.fromMs && Number(timestamp) < range.toMs);
  const [next, letters] = await Promise.all([
    nextOffset(db, consumer, topic, partition),
    lettersAmong(db, consumer, topic, partition, inTime),
  ]);
  const records = inTime.filter(({ offset }) => !letters.has(offset) && (next === undefined || BigInt(offset) < next));
  const counts = {
    ...{ read: inTime.length, stored: 0, present: 0, rejected: 0 },
    letters: letters.size,
    ahead: inTime.length - records.length - letters.size,
  };
  if (records.length > 0) {
    const delivery = await sink.prepare({ topic, partition, records });
    try {
      await db.transaction(async (tx) => {
        const rejections = await delivery.write(tx, "careful");
        Object.assign(counts, delivery.written(), { rejected: rejections.length });
        if (run.replay === undefined) throw new Undone();
        await insertDeadLetters(tx, { consumer, topic, partition }, rejections);
        await noteReplay(tx, run.replay, counts);
      });
      delivery.committed();
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
    } finally {
      delivery.release();
    }
  } else if (run.replay !== undefined && inTime.length > 0) await noteReplay(db, run.replay, counts);
  run.onDone(all.length, counts);
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
