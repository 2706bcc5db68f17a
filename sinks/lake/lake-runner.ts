import { setTimeout as delay } from "node:timers/promises";
import { type BatchControl, createConsumer, type KafkaConnection, type RecordBatch } from "../../kafka/index.ts";
import {
  composeServices,
  createKeyedQueue,
  createService,
  type Logger,
  type Metrics,
  PipelineError,
  type Service,
  secondsBuckets,
} from "../../runtime/index.ts";
import { createPartitionClaims, type Database, type PartitionClaim } from "../../store/index.ts";
import { flush, recover } from "./flush.ts";
import { Gathered, type Read } from "./gathered.ts";
import type { LakeStorage } from "./storage.ts";

export type LakeRunnerParts = {
  readonly name: string;
  readonly connection: KafkaConnection;
  readonly db: Database;
  readonly storage: LakeStorage;
  /** What a record's value is. @throws PipelineError retryable ones, when the registry cannot be asked */
  read(value: Buffer): Promise<Read> | Read;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly maxAgeMs: number;
  readonly maxRows: number;
  readonly maxBufferBytes: number;
  readonly concurrency: number;
  readonly sessionTimeoutMs: number;
};

const firstBackoffMs = 100;
const longestBackoffMs = 5_000;

/**
 * Moves topics into Parquet files, each record once. Records of a partition are gathered over many batches and stored together when they
 * are many, old, or too much for the memory; until then the group's offset stays before them, so a crash reads them again. One thing at a
 * time happens to a partition.
 */
export function createLakeRunner(parts: LakeRunnerParts): Service {
  const { db, log, groupId: consumer } = parts;
  const claims = createPartitionClaims(db, consumer);
  const metrics = lakeMetrics(parts.metrics);
  const waiting = new Map<string, { readonly topic: string; readonly gathered: Gathered }>();
  const stored = new Map<string, bigint>();
  /** Claims whose former owner's files have been seen to. */
  const recovered = new WeakSet<PartitionClaim>();
  const queue = createKeyedQueue<string>();
  let generation = 0;

  const kafka = createConsumer({
    name: parts.name,
    connection: parts.connection,
    groupId: consumer,
    topics: parts.topics,
    metrics: parts.metrics,
    log,
    concurrency: parts.concurrency,
    sessionTimeoutMs: parts.sessionTimeoutMs,
    storedUpTo: (topic, partition) => stored.get(`${topic}/${partition}`) ?? -1n,
    onJoin(joined) {
      generation = joined;
      // After a join Kafka hands out again what was not stored, here or to another member.
      waiting.clear();
    },
    onBatch,
  });
  parts.metrics.reading(
    "gauge",
    "hailstream_lake_waiting_bytes",
    "Bytes of events, as Kafka has them, that are read and not yet in a file.",
    [],
    (add) => add(waitingBytes(), {}),
  );

  let timer: NodeJS.Timeout | undefined;
  const flusher = createService({
    name: `${parts.name} clock`,
    start(fail) {
      const everyMs = Math.min(1_000, parts.maxAgeMs / 4);
      timer = setInterval(() => void flushOld().catch(fail), everyMs);
    },
    async stop() {
      clearInterval(timer);
      // The consumer has stopped: what was gathered is stored now rather than read again later.
      for (const key of [...waiting.keys()]) {
        await queue
          .run(key, () => flushOne(key))
          .catch((error: unknown) =>
            log.warn({ err: error, partition: key }, "what was gathered is not stored; it will be read again"),
          );
      }
    },
  });
  return composeServices(parts.name, [flusher, kafka]);

  async function onBatch(batch: RecordBatch, control: BatchControl): Promise<void> {
    const key = `${batch.topic}/${batch.partition}`;
    const isFull = await patiently(control, () => queue.run(key, () => gather(key, batch, control)));
    if (isFull === undefined) return control.seek(batch.firstOffset);
    if (isFull) await patiently(control, () => queue.run(key, () => flushOne(key)));
    while (waitingBytes() > parts.maxBufferBytes && control.isLive()) {
      const largest = largestWaiting();
      await patiently(control, () => queue.run(largest, () => flushOne(largest)));
    }
  }

  /** Adds a batch to what waits. @returns whether that is now enough for files */
  async function gather(key: string, batch: RecordBatch, control: BatchControl): Promise<boolean> {
    const { topic, partition } = batch;
    const claim = await claimOf(topic, partition, control.generation);
    let gathered = waiting.get(key)?.gathered;
    // What another membership read, or what is stored by now, is no beginning for this batch.
    if (gathered?.generation !== control.generation || gathered.first !== claim.nextOffset) gathered = undefined;
    const from = gathered?.next ?? claim.nextOffset;
    if (batch.nextOffset <= from) return false;
    if (batch.firstOffset > from && claim.soughtTo !== from) {
      claim.soughtTo = from;
      control.seek(from);
      return false;
    }
    const to =
      gathered ?? new Gathered({ partition, first: from, generation: control.generation, since: performance.now() });
    const reads: Read[] = [];
    const records = batch.records.filter(({ offset, value }) => BigInt(offset) >= from && value !== null);
    // All are read before one is added: a registry that does not answer must not leave half a batch behind.
    for (const { value } of records) {
      const read = parts.read(value as Buffer);
      reads.push(read instanceof Promise ? await read : read);
    }
    for (const [i, record] of records.entries()) to.add(record, reads[i] as Read);
    to.next = batch.nextOffset;
    // A heartbeat that failed meanwhile is no reason to let go: a flush finds out whether the partition is still ours.
    if (to.generation === control.generation) waiting.set(key, { topic, gathered: to });
    return to.rows >= parts.maxRows;
  }

  async function flushOld(): Promise<void> {
    const due = performance.now() - parts.maxAgeMs;
    for (const [key, { gathered }] of [...waiting]) {
      if (gathered.since > due) continue;
      try {
        await queue.run(key, () => flushOne(key));
      } catch (error) {
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
        log.warn({ err: error, partition: key }, "files could not be stored; they are tried again");
        metrics.retries.inc({ reason: error.code });
      }
    }
  }

  /** Stores what waits of a partition, if anything does. */
  async function flushOne(key: string): Promise<void> {
    const held = waiting.get(key);
    if (held === undefined) return;
    const { topic, gathered } = held;
    const forget = () => {
      if (waiting.get(key)?.gathered === gathered) waiting.delete(key);
    };
    // Read under a membership that is over: it is read again, by whoever has the partition now.
    if (gathered.generation !== generation) return forget();
    const { partition } = gathered;
    const began = performance.now();
    const claim = await claimOf(topic, partition, gathered.generation);
    // A commit whose answer was lost may have stored it.
    if (claim.nextOffset !== gathered.first) return forget();
    try {
      const { outcome, files } = await flush(parts, { consumer, topic, partition }, claim, gathered);
      forget();
      if (outcome === "fenced") {
        log.warn({ topic, partition, epoch: String(claim.epoch) }, "fenced: another process has claimed the partition");
        metrics.fenced.inc({ consumer });
        claims.drop(topic, partition);
        return;
      }
      claim.nextOffset = gathered.next;
      stored.set(key, gathered.next);
      metrics.flushed(files, gathered.rejections, (performance.now() - began) / 1_000);
    } catch (error) {
      // Whether it was committed is learned by claiming anew.
      claims.drop(topic, partition);
      throw error;
    }
  }

  async function claimOf(topic: string, partition: number, joined: number): Promise<PartitionClaim> {
    const claim = await claims.of(topic, partition, joined);
    if (recovered.has(claim)) return claim;
    await recover(parts, { consumer, topic, partition }, claim.epoch);
    recovered.add(claim);
    stored.set(`${topic}/${partition}`, claim.nextOffset);
    return claim;
  }

  /** Tries again, with growing pauses, what may succeed later. undefined: the partition is not ours any more, or we are stopping. */
  async function patiently<T>(control: BatchControl, work: () => Promise<T>): Promise<T | undefined> {
    for (let backoffMs = firstBackoffMs; control.isLive(); backoffMs = Math.min(longestBackoffMs, backoffMs * 2)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
        log.warn({ err: error, backoffMs }, "the lake tries again");
        metrics.retries.inc({ reason: error.code });
        await delay(backoffMs * (0.5 + Math.random() / 2));
        await control.heartbeat();
      }
    }
    return undefined;
  }

  function waitingBytes(): number {
    let bytes = 0;
    for (const { gathered } of waiting.values()) bytes += gathered.bytes;
    return bytes;
  }

  function largestWaiting(): string {
    let [largest, most] = ["", -1];
    for (const [key, { gathered }] of waiting) if (gathered.bytes > most) [largest, most] = [key, gathered.bytes];
    return largest;
  }
}

function lakeMetrics(metrics: Metrics) {
  const files = metrics.counter("hailstream_lake_files_total", "Parquet files that became part of the lake.", ["type"]);
  const rows = metrics.counter("hailstream_lake_rows_total", "Events in them.", ["type"]);
  const bytes = metrics.counter("hailstream_lake_bytes_total", "Their size.", ["type"]);
  const seconds = metrics.histogram(
    "hailstream_lake_flush_seconds",
    "Time of a flush: files written, committed and published.",
    secondsBuckets,
  );
  const deadLetters = metrics.counter("hailstream_lake_dead_letters_total", "Records kept in pipeline.dead_letters.", [
    "reason",
  ]);
  return {
    fenced: metrics.counter(
      "hailstream_lake_fenced_total",
      "Flushes refused since another process had the partition.",
      ["consumer"],
    ),
    retries: metrics.counter("hailstream_lake_retries_total", "Tries that were repeated, by the code of the error.", [
      "reason",
    ]),
    flushed(
      done: readonly { eventType: string; rows: number; bytes: number }[],
      rejections: readonly { readonly reason: string }[],
      took: number,
    ): void {
      seconds.observe(took);
      for (const file of done) {
        files.inc({ type: file.eventType });
        rows.inc({ type: file.eventType }, file.rows);
        bytes.inc({ type: file.eventType }, file.bytes);
      }
      for (const { reason } of rejections) deadLetters.inc({ reason });
    },
  };
}
