import {
  type BatchControl,
  createConsumer,
  type KafkaConnection,
  type Producer,
  type RecordBatch,
} from "../kafka/index.ts";
import { type Logger, type Metrics, PipelineError, type Service, secondsBuckets } from "../runtime/index.ts";
import { deadLetterTopic } from "./dead-letter.ts";
import type { Flow } from "./flow.ts";
import type { Patience } from "./patience.ts";
import { type BatchOutcome, processBatch } from "./process-batch.ts";

export type RunnerParts = {
  readonly flow: Flow;
  readonly connection: KafkaConnection;
  /** Started before the runner and stopped after it, by whoever made it. */
  readonly producer: Pick<Producer, "send">;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** The consumer group is this and the flow's name; default "hailstream-". */
  readonly groupPrefix?: string;
  /** In front of every topic name, so that several pipelines can share a cluster; default none. */
  readonly topicPrefix?: string;
  /** Partitions handled at the same time; default 3. */
  readonly concurrency?: number;
  /** After this long without a sign of life a member's partitions go to the others; default 6 s. */
  readonly sessionTimeoutMs?: number;
  /** Holds batches back whose events lack a profile; without it nothing is waited for. */
  readonly patience?: Patience;
};

const registryRetryMs = 1_000;
/** A record in memory takes several times its bytes on the wire; these bound the process under a backlog of every partition. */
const maxBytesPerPartition = 384 * 1_024;
const maxBytes = 2 * 1_048_576;
/** Nobody notices it, and under load it is the difference between a request to Kafka for every few records and for some dozens. */
const lingerMs = 20;

/**
 * Runs one flow: consume, take each record through the steps, send what they say, await every acknowledgement, and only then
 * let the offset move. A failed send, of a dead letter too, fails the service, and the batch is read again by whoever comes
 * next. So every record arrives at least once and in the order of its partition; a repetition has the same id and bytes.
 */
export function createRunner(parts: RunnerParts): Service {
  const { flow, log } = parts;
  const prefix = parts.topicPrefix ?? "";
  const counters = createCounters(parts.metrics);
  const allowed = new Set([...flow.outputs, deadLetterTopic]);

  async function onBatch(batch: RecordBatch, control: BatchControl): Promise<void> {
    const end = counters.seconds.startTimer({ flow: flow.name });
    const source = { topic: flow.source, partition: batch.partition, records: batch.records };
    const judge = () => whenRegistryAnswers(() => processBatch(flow, source), control);
    let outcome = await judge();
    const patience = parts.patience?.();
    while (patience !== undefined && control.isLive()) {
      const next = await patience.next(outcome);
      if (next === "go") break;
      if (next === "again") outcome = await judge();
      await control.heartbeat();
    }
    await Promise.all(
      [...outcome.sends].map(([topic, records]) => {
        if (!allowed.has(topic))
          throw new PipelineError("stream_output_undeclared", { fields: { flow: flow.name, topic } });
        return parts.producer.send(prefix + topic, records);
      }),
    );
    counters.count(flow, batch.records.length, outcome);
    end();
  }

  /** Waits as long as it takes, for no record may be judged without its schema; throws when the batch is not ours any more. */
  async function whenRegistryAnswers(work: () => Promise<BatchOutcome>, control: BatchControl): Promise<BatchOutcome> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof PipelineError && error.retryable)) throw error;
        log.warn({ flow: flow.name, err: error }, "a schema cannot be fetched yet, trying again");
        await new Promise((resolve) => setTimeout(resolve, registryRetryMs));
        await control.heartbeat();
        // The throw keeps the offset where it is: what is not sent must not be committed.
        if (!control.isLive()) throw error;
      }
    }
  }

  return createConsumer({
    name: `stream ${flow.name}`,
    connection: parts.connection,
    groupId: `${parts.groupPrefix ?? "hailstream-"}${flow.name}`,
    topics: [prefix + flow.source],
    metrics: parts.metrics,
    log,
    concurrency: parts.concurrency ?? 3,
    ...(parts.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: parts.sessionTimeoutMs }),
    maxBytesPerPartition,
    maxBytes,
    lingerMs,
    onBatch,
  });
}

function createCounters(metrics: Metrics) {
  const read = metrics.counter("hailstream_stream_records_total", "Records read and acted upon.", ["flow"]);
  const sent = metrics.counter("hailstream_stream_sent_records_total", "Records acknowledged by Kafka.", [
    "flow",
    "topic",
  ]);
  const dropped = metrics.counter(
    "hailstream_stream_dropped_records_total",
    "Records left out, by the step's reason.",
    ["flow", "step", "reason"],
  );
  const dead = metrics.counter("hailstream_stream_dead_letters_total", "Records kept in the dead-letter topic.", [
    "flow",
    "step",
    "code",
  ]);
  return {
    seconds: metrics.histogram(
      "hailstream_stream_batch_seconds",
      "From a batch being fetched to the last acknowledgement of what it came to.",
      secondsBuckets,
      ["flow"],
    ),
    count(flow: Flow, records: number, outcome: BatchOutcome): void {
      read.inc({ flow: flow.name }, records);
      for (const [topic, list] of outcome.sends) sent.inc({ flow: flow.name, topic }, list.length);
      for (const { step, verdict, reason } of outcome.turnedAway) {
        if (verdict === "drop") dropped.inc({ flow: flow.name, step, reason });
        else dead.inc({ flow: flow.name, step, code: reason });
      }
    },
  };
}
