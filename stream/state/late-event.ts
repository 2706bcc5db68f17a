import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import type { OutboxRecord } from "../../store/index.ts";

/** Where events are kept that came too late for a flow; one topic for all flows, as for dead letters: a header says which. */
export const lateEventTopic = "late-events";

/**
 * The record as it came (key, value, headers) with headers that say for which flow it was too late, where it lay, and how far the event time of its
 * partition had come: late_flow, late_topic, late_partition, late_offset, late_watermark. Its id stays, so a repetition is recognised.
 */
export function lateEventOf(
  record: KafkaRecord,
  place: { readonly flow: string; readonly topic: string; readonly partition: number; readonly watermarkMs: number },
): OutboxRecord {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(record.headers)) headers[name] = headerText(record, name) ?? "";
  headers.late_flow = place.flow;
  headers.late_topic = place.topic;
  headers.late_partition = String(place.partition);
  headers.late_offset = record.offset;
  headers.late_watermark = new Date(place.watermarkMs).toISOString();
  return { topic: lateEventTopic, key: record.key?.toString() ?? null, value: record.value, headers };
}
