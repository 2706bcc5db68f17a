import type { KafkaRecord } from "../../kafka/index.ts";
import { type ErrorCode, PipelineError } from "../../runtime/index.ts";
import { type Envelope, type EventType, readEnvelope, type Schemas } from "../../schemas/index.ts";

/** An alert as it is sent: the body's bytes are fixed here, once, for all attempts and all endpoints. */
export type AlertMessage = {
  /** The header webhook-id; made of the alert's own id, so the same alert read twice is the same message. */
  readonly id: string;
  readonly alertKey: string;
  /** A CloudEvent in structured JSON. */
  readonly body: string;
};

export type ReadAlert =
  | { readonly ok: true; readonly message: AlertMessage }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

/** Ids go into headers: letters, digits, hyphen and underscore only. */
const plainId = /^[\w-]{1,100}$/;

/**
 * Reads one record of the topic of alerts. Bytes that cannot be read are a verdict.
 * @throws PipelineError retryable, when the registry cannot be reached
 */
export async function readAlert(record: KafkaRecord, schemas: Schemas): Promise<ReadAlert> {
  const envelope = readEnvelope(record);
  if (envelope === undefined || !plainId.test(envelope.id)) {
    return { ok: false, code: "sink_envelope_invalid", reason: "no usable id, type or time in the headers" };
  }
  const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
  if (!decoded.ok) return decoded;
  return { ok: true, message: alertMessage(envelope, decoded.type, decoded.value) };
}

/** The message of one alert. */
export function alertMessage(
  envelope: Envelope,
  type: Pick<EventType, "fields">,
  value: Readonly<Record<string, unknown>>,
): AlertMessage {
  const { id, source, time, subject } = envelope;
  const alertKey = value.alert_key;
  if (typeof alertKey !== "string") throw new PipelineError("sink_record_unreadable", { message: "no alert_key" });
  const body = JSON.stringify({
    specversion: "1.0",
    id,
    type: envelope.type,
    source,
    time,
    ...(subject === undefined ? {} : { subject }),
    datacontenttype: "application/json",
    data: jsonOf(type, value),
  });
  return { id: `msg_${id}`, alertKey, body };
}

/** Times as RFC 3339 text, for receivers that know nothing of our schemas. */
function jsonOf(type: Pick<EventType, "fields">, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const times = new Set(
    type.fields.filter((field) => field.logicalType === "timestamp-millis").map(({ name }) => name),
  );
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const isTime = times.has(name) && (typeof each === "number" || each instanceof Date);
      return [name, isTime ? new Date(each).toISOString() : each];
    }),
  );
}
