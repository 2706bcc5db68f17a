import { setTimeout as delay } from "node:timers/promises";
import type { Batch, EachBatchPayload, Consumer as KafkaJsConsumer } from "kafkajs";
import { createService, type Logger, type Metrics, PipelineError, type Service } from "../runtime/index.ts";
import { type KafkaConnection, outageRetry } from "./connection.ts";
import { mayJoinAgain } from "./coordinator.ts";
import { createLanes } from "./lanes.ts";
import type { RecordBatch } from "./records.ts";

/** What a handler may ask and do besides handling the batch. */
export type BatchControl = {
  /** Counts the group joins of this member: when it differs from the one a partition was claimed under, claim again. */
  readonly generation: number;
  /** Keeps the membership during long work; never throws. After a lost membership `isLive` is false. */
  heartbeat(): Promise<void>;
  /** false once `stop` began or the partitions may have been given to another member. */
  isLive(): boolean;
  /** Reads this partition again from `offset`; the offset of this batch is then not committed. */
  seek(offset: bigint): void;
  /** Fetches nothing of this partition for so long; the others go on. */
  rest(ms: number): void;
};

export type ConsumerParts = {
  readonly name: string;
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Partitions handled at the same time; default 1. */
  readonly concurrency?: number;
  /** Default 1 MiB. */
  readonly maxBytesPerPartition?: number;
  /** Bound of one fetch over all partitions; default 8 MiB. */
  readonly maxBytes?: number;
  /** How long a fetch waits for the first byte; default 500 ms. */
  readonly maxWaitMs?: number;
  /**
   * Behind a fetch that brought all there was the next one waits this long, so that it brings more: fewer requests, batches and transactions under load. A record that
   * comes after a while of silence is fetched at once, and what lies behind is fetched without waiting. Default 0.
   */
  readonly lingerMs?: number;
  /** After this long without a heartbeat the partitions go to other members; default 6 s. */
  readonly sessionTimeoutMs?: number;
  /** Whether a group without committed offsets starts at the oldest record; default true. */
  readonly fromBeginning?: boolean;
  /** Where the reading of a partition begins after each join, whatever the group has committed. Default: where it has committed. */
  startAt?(topic: string, partition: number): bigint;
  /**
   * For a handler that keeps records beyond its return: the offset up to which the partition is stored, at most the one that is handled. The group commits
   * this one; default: what is handled is stored.
   */
  storedUpTo?(topic: string, partition: number): bigint;
  /** Hears after each group join which partitions are this member's, by topic; also those that have no records to read. */
  onJoin?(generation: number, partitions: Readonly<Record<string, readonly number[]>>): void;
  /**
   * Handles one batch; the partition's next one is fetched meanwhile. Its offset is committed to the group some time after
   * this resolves. A throw fails the service: what is wrong with a record is a verdict of the handler, not an exception.
   */
  onBatch(batch: RecordBatch, control: BatchControl): Promise<void>;
};

type Handled = { readonly topic: string; readonly partition: number; readonly offset: string };

const commitIntervalMs = 1_000;
/** The least that brokers allow by default: long enough for a machine that is busy, short enough for partitions of a killed process to go on elsewhere within ten seconds. */
const defaultSessionTimeoutMs = 6_000;
/** A member learns by its heartbeats that another one comes or goes. */
const longestHeartbeatMs = 1_000;
const stopTimeoutMs = 10_000;
/** kafkajs's own: they only hand batches to the lanes. */
const workers = 16;

/**
 * A member of a consumer group. Batches of one partition are handled one after the other and in order, those of `concurrency`
 * partitions at the same time. A crash inside kafkajs fails the service, because its own restart loop hides poison and a
 * TypeError ends it in silence.
 */
export function createConsumer(parts: ConsumerParts): Service {
  const { connection, log } = parts;
  const sessionTimeout = parts.sessionTimeoutMs ?? defaultSessionTimeoutMs;
  const lingerMs = parts.lingerMs ?? 0;
  const heartbeatInterval = Math.min(longestHeartbeatMs, Math.floor(sessionTimeout / 5));
  const joins = parts.metrics.counter("hailstream_kafka_group_joins_total", "Times this process joined a group.", [
    "group",
  ]);
  const lag = parts.metrics.gauge(
    "hailstream_kafka_consumer_lag_events",
    "Records behind the end, by topic and partition.",
    ["group", "topic", "partition"],
  );

  let consumer: KafkaJsConsumer | undefined;
  let generation = 0;
  let stopping = false;
  let dead = false;
  const lanes = createLanes(parts.concurrency ?? 1);
  /** Handled and not yet committed, by topic and partition. */
  const handled = new Map<string, Handled>();
  /** With `storedUpTo`: what this membership has committed. */
  const committed = new Map<string, bigint>();
  /** Counts the seeks of each partition: a batch that was fetched before a seek must not be handled after it. */
  const seeks = new Map<string, number>();
  let committing: NodeJS.Timeout | undefined;
  let commit: Promise<void> | undefined;
  let endIdle: () => void = () => undefined;
  const stopRequested = new Promise<void>((resolve) => {
    endIdle = resolve;
  });

  return createService({
    name: parts.name,
    async start(fail) {
      const die = (cause: unknown) => {
        dead = true;
        fail(cause);
      };
      consumer = connection.createConsumer({
        groupId: parts.groupId,
        allowAutoTopicCreation: false,
        sessionTimeout,
        heartbeatInterval,
        maxBytesPerPartition: parts.maxBytesPerPartition ?? 1_048_576,
        maxBytes: parts.maxBytes ?? 8 * 1_048_576,
        maxWaitTimeInMs: parts.maxWaitMs ?? 500,
        // When its patience ends the process ends too, and its supervisor takes over.
        retry: { ...outageRetry, restartOnFailure: mayJoinAgain },
      });
      consumer.on("consumer.crash", ({ payload }) => {
        if (payload.restart) return;
        const fields = { consumer: parts.name, group: parts.groupId };
        const error = new PipelineError("kafka_consumer_crashed", { cause: payload.error, fields });
        if (!stopping) die(error);
        refuse(error);
      });
      // A consumer that crashes before it has joined never joins: without the refusal the start would wait for ever.
      let refuse: (cause: unknown) => void = () => undefined;
      const joined = new Promise<void>((resolve, reject) => {
        refuse = reject;
        consumer?.on("consumer.group_join", ({ payload }) => {
          generation++;
          // What was handled under the former membership is committed by nobody: the partition may be another's now.
          handled.clear();
          committed.clear();
          joins.inc({ group: parts.groupId });
          seekStarts(payload.memberAssignment);
          parts.onJoin?.(generation, payload.memberAssignment);
          resolve();
        });
      });
      joined.catch(() => undefined);
      await connectPatiently(consumer);
      await consumer.subscribe({ topics: [...parts.topics], fromBeginning: parts.fromBeginning ?? true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: workers,
        eachBatch: (payload) => take(payload, die),
      });
      await joined;
      committing = setInterval(() => void commitHandled(), commitIntervalMs).unref();
    },
    async stop() {
      stopping = true;
      clearInterval(committing);
      await lanes.drain();
      // Without its coordinator kafkajs would try for minutes, and after a crash wait for ever; nothing of ours is under way any more.
      const abandon = new Promise((resolve) => setTimeout(resolve, stopTimeoutMs).unref());
      // The one under way may lack the newest offsets.
      await Promise.race([commitHandled().then(commitHandled), abandon]);
      endIdle();
      await Promise.race([consumer?.disconnect(), abandon]);
    },
  });

  /** Before the first fetch of a membership, which asks for what was sought. */
  function seekStarts(assignment: Readonly<Record<string, readonly number[]>>): void {
    const { startAt } = parts;
    if (startAt === undefined) return;
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        consumer?.seek({ topic, partition, offset: String(startAt(topic, partition)) });
      }
    }
  }

  async function connectPatiently(target: KafkaJsConsumer): Promise<void> {
    for (;;) {
      try {
        return await target.connect();
      } catch (cause) {
        if (stopping) throw new PipelineError("kafka_unreachable", { cause });
        log.warn({ consumer: parts.name }, "cannot connect to Kafka, trying again");
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Resolves when the partition's former batch is handled; this one is then under way and the next may be fetched. */
  async function take(payload: EachBatchPayload, die: (cause: unknown) => void): Promise<void> {
    // After a failure nothing may be handled or committed any more; kafkajs itself would try the batch again for ever.
    if (dead || stopping) return stopRequested;
    const { topic, partition } = payload.batch;
    const lane = `${topic}/${partition}`;
    const joinedAt = generation;
    const seeksBefore = seeks.get(lane);
    const isCurrent = () => generation === joinedAt && seeks.get(lane) === seeksBefore;
    await lanes.enter(lane, async () => {
      // What is not handled here is fetched again: after a join from the committed offset, after a seek from there.
      if (!dead && !stopping && isCurrent()) await handle(payload, lane, joinedAt).catch(die);
    });
    // This moves only where the next fetch begins; what is committed is decided by `handle`.
    if (isCurrent()) payload.resolveOffset(payload.batch.lastOffset());
    // kafkajs fetches again when all batches of a fetch are taken.
    if (lingerMs > 0 && payload.batch.offsetLag() === "0") await delay(lingerMs, undefined, { ref: false });
  }

  async function handle(payload: EachBatchPayload, lane: string, joinedAt: number): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = batch;
    let sought = false;
    let lost = false;
    const control: BatchControl = {
      get generation() {
        return generation;
      },
      async heartbeat() {
        await payload.heartbeat().catch((error: unknown) => {
          lost = true;
          log.debug({ err: error, group: parts.groupId }, "heartbeat failed: the group is changing");
        });
      },
      isLive: () => !stopping && !dead && !lost && generation === joinedAt && payload.isRunning(),
      seek(offset) {
        sought = true;
        seeks.set(lane, (seeks.get(lane) ?? 0) + 1);
        consumer?.seek({ topic, partition, offset: offset.toString() });
      },
      rest(ms) {
        setTimeout(payload.pause(), ms).unref();
      },
    };
    const records = recordBatchOf(batch);
    // A batch may wait for a lock, or for something that is away; the membership must not.
    const beat = setInterval(() => void control.heartbeat(), heartbeatInterval);
    try {
      await parts.onBatch(records, control);
    } finally {
      clearInterval(beat);
    }
    lag.set({ group: parts.groupId, topic, partition }, Number(batch.offsetLag()));
    if (!sought && generation === joinedAt) handled.set(lane, { topic, partition, offset: String(records.nextOffset) });
  }

  /** One at a time: a commit that fails late must not undo a newer one. */
  function commitHandled(): Promise<void> {
    commit ??= commitOnce().finally(() => {
      commit = undefined;
    });
    return commit;
  }

  async function commitOnce(): Promise<void> {
    if (handled.size === 0 || dead) return;
    const at = generation;
    const offsets = parts.storedUpTo === undefined ? [...handled.values()] : takeStored(parts.storedUpTo);
    if (parts.storedUpTo === undefined) handled.clear();
    if (offsets.length === 0) return;
    await consumer?.commitOffsets(offsets).catch((error: unknown) => {
      log.debug({ err: error, group: parts.groupId }, "offsets were not committed, and are when that is next possible");
      // Behind a join it is for the partition's new owner. Else nobody else would, should nothing more arrive.
      if (generation !== at) return;
      for (const offset of offsets) {
        const lane = `${offset.topic}/${offset.partition}`;
        committed.delete(lane);
        if (!handled.has(lane)) handled.set(lane, offset);
      }
    });
  }

  /** The offsets that have moved; what is handled and not stored yet stays for a later commit. */
  function takeStored(storedUpTo: NonNullable<ConsumerParts["storedUpTo"]>): Handled[] {
    const offsets: Handled[] = [];
    for (const [lane, { topic, partition, offset }] of handled) {
      const stored = storedUpTo(topic, partition);
      if (stored >= BigInt(offset)) handled.delete(lane);
      const moved = stored > (committed.get(lane) ?? -1n);
      committed.set(lane, stored);
      if (moved) offsets.push({ topic, partition, offset: String(stored) });
    }
    return offsets;
  }
}

/** kafkajs's batch as ours; the records are handed on as they are. */
export function recordBatchOf(batch: Batch): RecordBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: batch.messages as RecordBatch["records"],
    firstOffset: BigInt(batch.firstOffset() ?? batch.lastOffset()),
    nextOffset: BigInt(batch.lastOffset()) + 1n,
    highWatermark: BigInt(batch.highWatermark),
  };
}
