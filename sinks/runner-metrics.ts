import { headerText, type KafkaRecord } from "../kafka/index.ts";
import { type Metrics, secondsBuckets } from "../runtime/index.ts";

const rowBuckets = [1, 10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000] as const;

/** What a sink tells about its work. */
export function createRunnerMetrics(metrics: Metrics) {
  const delaySeconds = metrics.histogram(
    "hailstream_sinks_delay_seconds",
    "From the acceptance of a batch's oldest record to its row being visible.",
    secondsBuckets,
  );
  return {
    fenced: metrics.counter(
      "hailstream_sinks_fenced_total",
      "Flushes refused since another process had claimed the partition.",
      ["consumer"],
    ),
    retries: metrics.counter("hailstream_sinks_retries_total", "Batches tried again, by the code of the error.", [
      "reason",
    ]),
    deadLetters: metrics.counter("hailstream_sinks_dead_letters_total", "Records kept in pipeline.dead_letters.", [
      "reason",
    ]),
    flushSeconds: metrics.histogram("hailstream_sinks_flush_seconds", "Time of a flush's transaction.", secondsBuckets),
    flushRows: metrics.histogram("hailstream_sinks_flush_rows", "Rows of a flush.", rowBuckets),
    observeBatch(records: readonly KafkaRecord[]): void {
      const first = records[0];
      const receivedAt = first === undefined ? Number.NaN : Number(headerText(first, "received_at"));
      if (Number.isFinite(receivedAt)) delaySeconds.observe(Math.max(0, Date.now() - receivedAt) / 1_000);
    },
  };
}
