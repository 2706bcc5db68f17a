import type { Metrics } from "../../runtime/index.ts";
import type { Progress } from "./open-partition.ts";

/** The counters of one flow with memory; records, drops and dead letters are counted as those of all flows. */
export function createRememberingMetrics(metrics: Metrics, flow: string) {
  const records = metrics.counter("hailstream_stream_records_total", "Records read and acted upon.", ["flow"]);
  const emitted = metrics.counter("hailstream_stream_emitted_total", "Records that a memory led to.", ["flow"]);
  const late = metrics.counter(
    "hailstream_stream_late_records_total",
    "Records older than the watermark of their partition when they came.",
    ["flow"],
  );
  const tooLate = metrics.counter(
    "hailstream_stream_too_late_records_total",
    "Records kept in the topic of late events, since what they belong to was told and forgotten.",
    ["flow"],
  );
  const fenced = metrics.counter(
    "hailstream_stream_fenced_total",
    "Batches not stored because another process had claimed the partition.",
    ["flow"],
  );
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
  const watermark = metrics.gauge(
    "hailstream_stream_watermark_seconds",
    "How far event time has come, in seconds since 1970.",
    ["flow", "partition"],
  );
  return {
    took(count: number, progress: Progress, watermarkMs: number, partition: number): void {
      records.inc({ flow }, count);
      if (progress.emitted > 0) emitted.inc({ flow }, progress.emitted);
      if (progress.late > 0) late.inc({ flow }, progress.late);
      if (progress.tooLate > 0) tooLate.inc({ flow }, progress.tooLate);
      if (Number.isFinite(watermarkMs)) watermark.set({ flow, partition }, watermarkMs / 1_000);
    },
    fenced: () => fenced.inc({ flow }),
    dropped: (step: string, reason: string) => dropped.inc({ flow, step, reason }),
    deadLetter: (step: string, code: string) => dead.inc({ flow, step, code }),
  };
}
