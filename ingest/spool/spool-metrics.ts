import { type Metrics, secondsBuckets } from "../../runtime/index.ts";

export type SpoolMetrics = ReturnType<typeof createSpoolMetrics>;

/** @param worker the number of the process: an age cannot be added to that of another process, so it has a label for it. */
export function createSpoolMetrics(metrics: Metrics, worker: number) {
  const name = (noun: string) => `hailstream_ingest_spool_${noun}`;
  const oldest = metrics.gauge(name("oldest_seconds"), "Age of the oldest event in the spool; 0 when it is empty.", [
    "worker",
  ]);
  return {
    events: metrics.gauge(name("depth_events"), "Events in the spool that Kafka does not have yet."),
    bytes: metrics.gauge(name("depth_bytes"), "Bytes of the spool's files."),
    oldestSeconds: (seconds: number) => oldest.set({ worker: String(worker) }, seconds),
    active: metrics.gauge(name("active_processes"), "Processes whose events go to the disk instead of to Kafka."),
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
