import type { KafkaRecord } from "../../kafka/index.ts";
import { readEnvelope } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { deadLetter, forward } from "../step.ts";

/** An event that waits for a profile, with its record as it came: what is kept of it until then. */
export type Waiting = {
  readonly id: string;
  readonly type: string;
  readonly key: string | null;
  /** Base64: the memory is JSON. */
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  /** The profile that was missing, see `awaitedBy`. */
  readonly awaited: string;
  /** When it began to wait, ms since 1970. */
  readonly sinceMs: number;
};

/** Reads an event that was enriched without a profile. Nothing is decoded yet: that happens when the profile is there. */
export const readWaiting: Reader<Waiting> = function readWaiting(record, origin) {
  const envelope = readEnvelope(record);
  if (envelope === undefined || record.value === null) {
    return deadLetter("stream_envelope_missing", "needs a value and the headers ce_id, ce_type and ce_time");
  }
  const { waits_for: awaited, ...headers } = textsOf(record.headers);
  if (awaited === undefined) return deadLetter("stream_envelope_missing", "needs the header waits_for");
  return forward({
    id: envelope.id,
    type: envelope.type,
    key: record.key === null ? null : record.key.toString(),
    value: record.value.toString("base64"),
    headers,
    partition: origin.partition,
    awaited,
    sinceMs: Number(record.timestamp),
  });
};

/** The record as the enriching steps read it. */
export function recordOf({ key, value, headers }: Waiting): KafkaRecord {
  return {
    offset: "0",
    timestamp: "0",
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value, "base64"),
    headers,
  };
}

function textsOf(headers: KafkaRecord["headers"]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) texts[name] = first.toString();
  }
  return texts;
}
