import { setTimeout as delay } from "node:timers/promises";
import {
  type BatchControl,
  createConsumer,
  type KafkaConnection,
  type OutgoingRecord,
  type Producer,
  type RecordBatch,
  topicEnds,
} from "../../kafka/index.ts";
import {
  composeServices,
  createKeyedQueue,
  createService,
  type Logger,
  type Metrics,
  PipelineError,
  type Service,
} from "../../runtime/index.ts";
import {
  createPartitionClaims,
  createPostgresStateStore,
  type Database,
  type OutboxRecord,
} from "../../store/index.ts";
import { deadLetterOf, deadLetterTopic } from "../dead-letter.ts";
import { type Audience, createAnnouncer } from "./announcer.ts";
import { lateEventTopic } from "./late-event.ts";
import { type Arrived, openPartition, type PartitionMemory } from "./open-partition.ts";
import { createPartitionClock, type PartitionClock } from "./partition-clock.ts";
import type { RememberingFlow } from "./remembering-flow.ts";
import { createRememberingMetrics } from "./remembering-metrics.ts";

export type RememberingRunnerParts = {
  readonly flow: RememberingFlow;
  readonly connection: KafkaConnection;
  readonly db: Database;
  /** Started before the runner and stopped after it, by whoever made them; so is the database. */
  readonly producer: Pick<Producer, "send">;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly groupPrefix?: string;
  readonly topicPrefix?: string;
  readonly concurrency?: number;
  /** After this long without a heartbeat the partitions go to other members; default 6 s. */
  readonly sessionTimeoutMs?: number;
  /** A partition that is read to its end and gets nothing for this long: its time goes on by the clock. */
  readonly idleMs: number;
  /** Keys whose memory each partition keeps at hand. */
  readonly maxCachedKeys: number;
};

/** What this process holds of one partition. */
type Held = {
  readonly generation: number;
  readonly memory: PartitionMemory;
  readonly clock: PartitionClock;
};

const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
const tickMs = 1_000;
/** Several heartbeats: whoever is in the group no more has learned of it by then, and will not fence the rightful owner. */
const reopenMs = 10_000;
const maxBytesPerPartition = 384 * 1_024;
/** Each batch is a transaction. What comes out of windows and trips is of the last seconds or minutes anyway. */
const lingerMs = 500;
const urgentLingerMs = 20;

/**
 * Runs a flow that remembers. Memory, checkpoint and what is emitted change in one transaction under the epoch of our claim; what is emitted
 * is then written to Kafka, and written again by whoever comes next when this process ends in between. So each record changes the memory
 * exactly once, and what is emitted arrives at least once, under the same id.
 */
export function createRememberingRunner(parts: RememberingRunnerParts): Service {
  const { flow, log, db } = parts;
  const prefix = parts.topicPrefix ?? "";
  const consumer = `${parts.groupPrefix ?? "hailstream-"}${flow.name}`;
  const topic = prefix + flow.source;
  const claims = createPartitionClaims(db, consumer);
  const store = createPostgresStateStore(db, consumer, topic);
  const metrics = createRememberingMetrics(parts.metrics, flow.name);
  const now = () => performance.now();
  const rules = {
    idleMs: parts.idleMs,
    ...(flow.maxStallMs === undefined ? {} : { maxStallMs: flow.maxStallMs }),
    ...(flow.byArrival === true ? { wallMs: (nowMs: number) => Date.now() - (now() - nowMs) } : {}),
  };
  const allowed = new Set([...flow.outputs, lateEventTopic]);
  const held = new Map<number, Held>();
  /** The last work of each partition: batches and ticks follow one another. */
  const queue = createKeyedQueue<number>();
  /** Where reading was moved to because a batch began behind the checkpoint; a gap that is still there then is none of ours. */
  const soughtTo = new Map<number, bigint>();
  /** Quiet partitions that were let go, and when: opened again once the group would have told that they are another's now. */
  const left = new Map<number, number>();
  let generation = 0;
  let audience: Audience | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let stopping = false;

  const publish = (to: string, records: readonly OutgoingRecord[]) => parts.producer.send(prefix + to, records);

  async function send(records: readonly OutboxRecord[]): Promise<void> {
    const byTopic = new Map<string, OutgoingRecord[]>();
    for (const { topic: to, key, value, headers } of records) {
      if (!allowed.has(to))
        throw new PipelineError("stream_output_undeclared", { fields: { flow: flow.name, topic: to } });
      const list = byTopic.get(to) ?? [];
      byTopic.set(to, list);
      list.push({ key, value, headers });
    }
    await Promise.all([...byTopic].map(([to, list]) => publish(to, list)));
  }

  async function memoryOf(partition: number): Promise<Held> {
    const present = held.get(partition);
    if (present !== undefined && present.generation === generation) return present;
    const at = generation;
    const claim = await claims.of(topic, partition, at);
    const { maxCachedKeys } = parts;
    const announcer =
      audience === undefined ? undefined : createAnnouncer({ flow: flow.name, partition, audience, send: publish });
    const memory = await openPartition({
      ...{ flow, store, partition, ...claim, send, maxCachedKeys },
      ...(announcer === undefined ? {} : { announcer }),
    });
    const isAtEnd = flow.byArrival !== true || (await isReadToEnd(partition, memory.nextOffset));
    const clock = createPartitionClock(rules, now(), memory.watermark, memory.timeIsTold, isAtEnd);
    const fresh: Held = { generation: at, memory, clock };
    held.set(partition, fresh);
    left.delete(partition);
    return fresh;
  }

  /** Else its time would be the clock's before its first batch comes, and what lies in it would be late. */
  async function isReadToEnd(partition: number, nextOffset: bigint): Promise<boolean> {
    const ends = await topicEnds(parts.connection, topic);
    return (ends.find((end) => end.partition === partition)?.high ?? 0n) <= nextOffset;
  }

  function letGo(partition: number): void {
    held.delete(partition);
    claims.drop(topic, partition);
  }

  /** Bytes to records; what cannot be read goes to the dead letters before the checkpoint moves on. */
  async function read(batch: RecordBatch, from: bigint): Promise<Arrived[]> {
    const origin = { topic: flow.source, partition: batch.partition };
    const arrived: Arrived[] = [];
    const letters: OutgoingRecord[] = [];
    for (const record of batch.records) {
      const nextOffset = BigInt(record.offset) + 1n;
      if (nextOffset <= from) continue;
      const read = flow.read(record, origin);
      const verdict = read instanceof Promise ? await read : read;
      if (verdict.type === "forward")
        for (const one of verdict.records) arrived.push({ record: one, nextOffset, source: record });
      else if (verdict.type === "drop") metrics.dropped(flow.read.name, verdict.reason);
      else {
        metrics.deadLetter(flow.read.name, verdict.code);
        letters.push(deadLetterOf(record, origin, { flow: flow.name, step: flow.read.name }, verdict));
      }
    }
    if (letters.length > 0) await parts.producer.send(prefix + deadLetterTopic, letters);
    return arrived;
  }

  async function takeBatch(batch: RecordBatch, control: BatchControl): Promise<"done" | "fenced"> {
    const { partition } = batch;
    const own = await memoryOf(partition);
    const { memory } = own;
    if (batch.nextOffset <= memory.nextOffset) return "done";
    if (batch.firstOffset > memory.nextOffset) {
      // A gap in the offsets is no loss unless the group's offset ran ahead of ours: read from where we stand, once.
      if (soughtTo.get(partition) !== memory.nextOffset) {
        soughtTo.set(partition, memory.nextOffset);
        control.seek(memory.nextOffset);
        return "done";
      }
    }
    const arrived = await read(batch, memory.nextOffset);
    const progress = await memory.take(arrived, batch.nextOffset);
    if (progress === undefined) return "fenced";
    metrics.took(batch.records.length, progress, memory.watermark, partition);
    own.clock.took(now(), memory.watermark, batch.nextOffset >= batch.highWatermark, memory.timeIsTold);
    return "done";
  }

  async function onBatch(batch: RecordBatch, control: BatchControl): Promise<void> {
    for (let backoffMs = firstBackoffMs; control.isLive(); backoffMs = Math.min(longestBackoffMs, backoffMs * 2)) {
      try {
        if ((await queue.run(batch.partition, () => takeBatch(batch, control))) === "done") return;
        metrics.fenced();
        letGo(batch.partition);
        // The broker knows whether the partition is still ours; a claim would fence the rightful owner.
        await control.heartbeat();
      } catch (error) {
        letGo(batch.partition);
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
        log.warn({ err: error, flow: flow.name, partition: batch.partition, backoffMs }, "the batch is tried again");
        await delay(backoffMs * (0.5 + Math.random() / 2));
        await control.heartbeat();
      }
    }
    control.seek(batch.firstOffset);
  }

  /** A partition without traffic may hold memories that wait for the time to pass. */
  function onJoin(joined: number, partitions: Readonly<Record<string, readonly number[]>>): void {
    generation = joined;
    left.clear();
    for (const partition of partitions[topic] ?? []) open(partition, joined);
  }

  function open(partition: number, joined: number): void {
    void queue
      .run(partition, async () => {
        if (stopping || generation !== joined) return;
        await memoryOf(partition);
      })
      .catch((error: unknown) => {
        leave(partition);
        log.debug({ err: error, flow: flow.name, partition }, "a partition is opened later, or at its first batch");
      });
  }

  function leave(partition: number): void {
    letGo(partition);
    left.set(partition, now());
  }

  /** Time goes on in partitions that are quiet, or that old records hold up, so that what waits for it comes out all the same. */
  function tick(): void {
    for (const [partition, since] of left) {
      if (now() - since < reopenMs) continue;
      left.delete(partition);
      open(partition, generation);
    }
    for (const [partition, own] of held) {
      const isDue = own.clock.reached(now()) > own.memory.watermark || (own.memory.awaited && own.clock.isIdle(now()));
      if (own.generation !== generation || !isDue) continue;
      void queue
        .run(partition, async () => {
          if (stopping || held.get(partition) !== own) return;
          const progress = await own.memory.pass(own.clock.reached(now()));
          if (progress === undefined) {
            metrics.fenced();
            leave(partition);
          } else metrics.took(0, progress, own.memory.watermark, partition);
        })
        .catch((error: unknown) => {
          leave(partition);
          log.warn(
            { err: error, flow: flow.name, partition },
            "time could not go on in a quiet partition, trying again",
          );
        });
    }
  }

  async function audienceOf(to: string): Promise<Audience> {
    const [read, written] = await Promise.all([
      topicEnds(parts.connection, topic),
      topicEnds(parts.connection, prefix + to),
    ]);
    return { topic: to, partitions: written.length, of: read.length };
  }

  const group = createConsumer({
    name: `stream ${flow.name}`,
    connection: parts.connection,
    groupId: consumer,
    topics: [topic],
    metrics: parts.metrics,
    log,
    concurrency: parts.concurrency ?? 3,
    ...(parts.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: parts.sessionTimeoutMs }),
    maxBytesPerPartition,
    lingerMs: flow.urgent === true ? urgentLingerMs : lingerMs,
    onJoin,
    onBatch,
  });
  const clock = createService({
    name: `stream ${flow.name} clock`,
    async start() {
      if (flow.announcesTo !== undefined) audience = await audienceOf(flow.announcesTo);
      ticker = setInterval(tick, tickMs).unref();
    },
    async stop() {
      stopping = true;
      clearInterval(ticker);
      await queue.idle();
    },
  });
  return composeServices(`stream ${flow.name}`, [clock, group]);
}
