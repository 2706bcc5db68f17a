import type { KafkaRecord, OutgoingRecord } from "../kafka/index.ts";
import type { Origin } from "./flow.ts";
import type { Verdict } from "./step.ts";

/** Where records wait that no step could use, with their own bytes, until someone repairs and replays them. */
export const deadLetterTopic = "dead-letters";

const maxReasonLength = 1_000;

/**
 * The record as it came (key, value, headers) with headers that say why and where: dl_code, dl_reason, dl_flow, dl_step, dl_topic,
 * dl_partition, dl_offset. The same record gives the same dead letter, so that a repeated one is recognised by its place.
 */
export function deadLetterOf(
  record: KafkaRecord,
  origin: Origin,
  where: { readonly flow: string; readonly step: string },
  verdict: Extract<Verdict<never>, { type: "dead-letter" }>,
): OutgoingRecord {
  return {
    key: record.key,
    value: record.value,
    headers: {
      ...(record.headers as Readonly<Record<string, Buffer>>),
      dl_code: verdict.code,
      dl_reason: verdict.reason.slice(0, maxReasonLength),
      dl_flow: where.flow,
      dl_step: where.step,
      dl_topic: origin.topic,
      dl_partition: String(origin.partition),
      dl_offset: record.offset,
    },
  };
}
