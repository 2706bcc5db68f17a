import { type Metrics, secondsBuckets } from "../../runtime/index.ts";

export type SpoolMetrics = ReturnType<typeof createSpoolMetrics>;

/** What is in the spool at this moment. */
export type SpoolDepth = {
  readonly events: number;
  readonly bytes: number;
  readonly oldestSeconds: number;
  readonly isActive: boolean;
};

export function createSpoolMetrics(metrics: Metrics) {
  const name = (noun: string) => `hailstream_ingest_spool_${noun}`;
  return {
    /** @param read asked when the metrics are. */
    depth(read: () => SpoolDepth): void {
      metrics.reading("gauge", name("depth_events"), "Events in the spool that Kafka does not have yet.", [], (add) =>
        add(read().events),
      );
      metrics.reading("gauge", name("depth_bytes"), "Bytes of the spool's files.", [], (add) => add(read().bytes));
      const oldest = "Age of the oldest event in the spool; 0 when it is empty.";
      metrics.reading("largest", name("oldest_seconds"), oldest, [], (add) => add(read().oldestSeconds));
      const active = "Processes whose events go to the disk instead of to Kafka.";
      metrics.reading("gauge", name("active_processes"), active, [], (add) => add(read().isActive ? 1 : 0));
    },
    localEvents: metrics.counter(name("local_events_total"), 'Events answered "durability":"local".'),
    drainedEvents: metrics.counter(name("drained_events_total"), "Events of the spool that Kafka has acknowledged."),
    tornTails: metrics.counter(name("torn_tails_total"), "Unfinished writes found at the end of a segment."),
    tornBytes: metrics.counter(name("torn_bytes_total"), "Bytes of unfinished writes that were cut off."),
    damages: metrics.counter(name("damages_total"), "Damaged places in the middle of segments, kept in files."),
    lostEvents: metrics.counter(name("lost_events_total"), "Acknowledged events that damage made unreadable."),
    writeFailures: metrics.counter(name("write_failures_total"), "Writes to the spool that the disk refused."),
    syncSeconds: metrics.histogram(
      name("sync_seconds"),
      "Time to write a group of events and to force it to the disk.",
      secondsBuckets,
    ),
  };
}
