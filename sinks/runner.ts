import { setTimeout as delay } from "node:timers/promises";
import {
  type BatchControl,
  createConsumer,
  type KafkaConnection,
  type RecordBatch,
  topicEnds,
} from "../kafka/index.ts";
import { type Logger, type Metrics, PipelineError, type Service } from "../runtime/index.ts";
import { advance, createPartitionClaims, type Database, type PartitionClaim } from "../store/index.ts";
import { createCircuit } from "./circuit.ts";
import { insertDeadLetters } from "./dead-letters.ts";
import { createRunnerMetrics } from "./runner-metrics.ts";
import type { Delivery, Manner, Sink } from "./sink.ts";

export type SinkRunnerParts = {
  readonly name: string;
  readonly connection: KafkaConnection;
  readonly db: Database;
  readonly sink: Sink;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly concurrency?: number;
  readonly sessionTimeoutMs?: number;
  readonly maxFetchBytes?: number;
  readonly maxPartitionFetchBytes?: number;
  /** How long a partition that is read to its end gathers the next batch, which is a transaction; default 100 ms. */
  readonly lingerMs?: number;
  /** Whether a transaction waits for the disk; not by default. */
  readonly synchronousCommit?: boolean;
  /** After so many records of a topic in a row that cannot be stored nothing of it is dead-lettered; default 100, 0 is never. */
  readonly circuitRecords?: number;
};

/** Thrown inside the transaction to roll it back: another worker has claimed the partition. */
class Fenced extends Error {}

const firstBackoffMs = 100;
/** A database that is back is found within two seconds; that one more process asks so often does not hurt it. */
const longestBackoffMs = 2_000;

/**
 * Moves topics into a sink, each record exactly once.
 *
 * A batch is stored by one transaction: it moves the partition's checkpoint under the epoch of our claim, writes rows and
 * dead letters, and commits without waiting for the disk (unless it is told to), since rows and checkpoint are kept or lost together. Only the checkpoint decides what is
 * stored already; the offset of the group is committed afterwards for displays of lag. What can be tried again is tried again here, in
 * order, for as long as the partition is ours; anything else fails the service.
 */
export function createSinkRunner(parts: SinkRunnerParts): Service {
  const { db, sink, log, groupId: consumer } = parts;
  const claims = createPartitionClaims(db, consumer);
  const metrics = createRunnerMetrics(parts.metrics);
  const circuit = createCircuit({ consumer, limit: parts.circuitRecords ?? 100, log, metrics: parts.metrics });

  return createConsumer({
    name: parts.name,
    connection: parts.connection,
    groupId: parts.groupId,
    topics: parts.topics,
    metrics: parts.metrics,
    log,
    concurrency: parts.concurrency ?? 3,
    ...(parts.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: parts.sessionTimeoutMs }),
    maxBytes: parts.maxFetchBytes ?? 5 * 1_048_576,
    maxBytesPerPartition: parts.maxPartitionFetchBytes ?? 2 * 1_048_576,
    lingerMs: parts.lingerMs ?? 100,
    onBatch: storeUntilDone,
  });

  async function storeUntilDone(batch: RecordBatch, control: BatchControl): Promise<void> {
    let manner: Manner = "fast";
    for (let backoffMs = firstBackoffMs; control.isLive(); ) {
      try {
        const outcome = await store(batch, control, manner);
        if (outcome === "done") return;
        // Fenced: ask the broker first whether the partition is still ours; a claim would fence the rightful owner.
        await control.heartbeat();
      } catch (error) {
        if (PipelineError.is(error, "sink_circuit_open")) {
          control.seek(batch.firstOffset);
          control.rest(circuit.opened(batch.topic, error));
          return;
        }
        claims.drop(batch.topic, batch.partition);
        if (PipelineError.is(error, "store_rejected") && manner === "fast") {
          manner = "careful";
          continue;
        }
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
        log.warn({ err: error, topic: batch.topic, partition: batch.partition, backoffMs }, "the batch is tried again");
        metrics.retries.inc({ reason: error.code });
        await delay(backoffMs * (0.5 + Math.random() / 2));
        await control.heartbeat();
        backoffMs = Math.min(longestBackoffMs, backoffMs * 2);
      }
    }
    // Not stored, so not to be committed either.
    control.seek(batch.firstOffset);
  }

  async function store(batch: RecordBatch, control: BatchControl, manner: Manner): Promise<"done" | "fenced"> {
    const { topic, partition } = batch;
    const claim = await claims.of(topic, partition, control.generation);
    if (batch.nextOffset <= claim.nextOffset) {
      await refuseCheckpointBeyondEnd(batch, claim);
      return "done";
    }
    if (batch.firstOffset > claim.nextOffset && claim.soughtTo !== claim.nextOffset) {
      claim.soughtTo = claim.nextOffset;
      control.seek(claim.nextOffset);
      return "done";
    }
    const first = claim.nextOffset;
    const records =
      batch.firstOffset >= first ? batch.records : batch.records.filter((record) => BigInt(record.offset) >= first);
    const delivery = await sink.prepare({ topic, partition, records });
    try {
      await flush(batch, claim, delivery, manner, records.length);
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
      metrics.fenced.inc({ consumer });
      log.warn({ topic, partition, epoch: String(claim.epoch) }, "fenced: another process has claimed the partition");
      claims.drop(topic, partition);
      return "fenced";
    } finally {
      delivery.release();
    }
    claim.nextOffset = batch.nextOffset;
    metrics.observeBatch(records);
    return "done";
  }

  async function flush(
    batch: RecordBatch,
    claim: PartitionClaim,
    delivery: Delivery,
    manner: Manner,
    records: number,
  ): Promise<void> {
    const { topic, partition } = batch;
    const { epoch, nextOffset: expected } = claim;
    const began = performance.now();
    const rejected = await db.transaction(
      async (tx) => {
        const step = { consumer, topic, partition, epoch, expected, next: batch.nextOffset };
        if (!(await advance(tx, step))) throw new Fenced();
        const rejections = await delivery.write(tx, manner);
        circuit.judge(topic, records, rejections);
        await insertDeadLetters(tx, { consumer, topic, partition }, rejections);
        return rejections;
      },
      { synchronousCommit: parts.synchronousCommit ?? false },
    );
    metrics.flushSeconds.observe((performance.now() - began) / 1_000);
    metrics.flushRows.observe(delivery.rows);
    for (const { reason } of rejected) metrics.deadLetters.inc({ reason });
    circuit.committed(topic, records, rejected);
    delivery.committed();
  }

  /**
   * A topic that was deleted and made again starts from 0 under a checkpoint that is far ahead: its records would all be taken for
   * stored. A late batch of a former owner looks the same, so the broker is asked.
   */
  async function refuseCheckpointBeyondEnd(batch: RecordBatch, claim: PartitionClaim): Promise<void> {
    if (batch.highWatermark >= claim.nextOffset) return;
    const ends = await topicEnds(parts.connection, batch.topic);
    const end = ends.find((each) => each.partition === batch.partition);
    if (end === undefined || end.high >= claim.nextOffset) return;
    throw new PipelineError("sink_checkpoint_ahead", {
      fields: {
        topic: batch.topic,
        partition: batch.partition,
        checkpoint: String(claim.nextOffset),
        end: String(end.high),
      },
    });
  }
}
