import type { KafkaRecord } from "../../kafka/index.ts";
import { type ErrorCode, PipelineError } from "../../runtime/index.ts";
import { type Envelope, type EventType, readEnvelope, type Schemas } from "../../schemas/index.ts";
import { timesAsText } from "./times-as-text.ts";

/** From the least urgent. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

/** One of the alerts that are told together. */
export type Member = Pick<Alert, "labels" | "status" | "startedAt" | "endedAt" | "summary">;

/** An alert that is to be told: what endpoints choose by, and what bodies are made of. */
export type Alert = {
  /** The header webhook-id; made of the alert's own id, so the same alert read twice is the same message. */
  readonly messageId: string;
  /** What it is about; alerts with the same key are delivered in their order. */
  readonly key: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly status: "firing" | "resolved";
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startedAt: string;
  /** RFC 3339; when it was resolved. */
  readonly endedAt?: string;
  /** Texts of the rule for people, such as a link to what to do. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What is told together here; empty when the alert stands for itself. */
  readonly members: readonly Member[];
  /** The alert as a CloudEvent, to be written as structured JSON. */
  readonly event: Readonly<Record<string, unknown>>;
};

export type ReadAlert =
  | { readonly ok: true; readonly alert: Alert }
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
  if (typeof decoded.value.alert_key !== "string") {
    return { ok: false, code: "sink_record_unreadable", reason: `a ${envelope.type} has no alert_key` };
  }
  return { ok: true, alert: alertOf(envelope, jsonOf(decoded.type, decoded.value)) };
}

/** The alert in an envelope and its data, in which times are RFC 3339 text. */
export function alertOf(envelope: Omit<Envelope, "receivedAt">, data: Readonly<Record<string, unknown>>): Alert {
  const { id, type, source, time, subject } = envelope;
  const key = text(data.alert_key);
  if (key === undefined) throw new PipelineError("sink_record_unreadable", { message: "an alert has no alert_key" });
  const members = Array.isArray(data.members) ? (data.members as Readonly<Record<string, unknown>>[]) : [];
  return {
    messageId: `msg_${id}`,
    key,
    rule: text(data.rule) ?? "",
    // What says nothing of its urgency is told rather than left out.
    severity: severities.find((known) => known === data.severity) ?? "critical",
    ...stateOf(data, time),
    summary: text(data.summary) ?? key,
    annotations: textsOf(data.annotations),
    members: members.map((member) => stateOf(member, time)),
    event: {
      specversion: "1.0",
      id,
      type,
      source,
      time,
      ...(subject === undefined ? {} : { subject }),
      datacontenttype: "application/json",
      data,
    },
  };
}

/** What an alert and a member of one have in common. */
function stateOf(data: Readonly<Record<string, unknown>>, time: string): Member {
  const endedAt = text(data.ended_at);
  return {
    labels: textsOf(data.labels),
    status: data.status === "resolved" ? "resolved" : "firing",
    summary: text(data.summary) ?? "",
    startedAt: text(data.started_at) ?? time,
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each === "string"));
}

/** The fields with times as text; a record of an older schema lacks the newer ones. */
function jsonOf(type: Pick<EventType, "fields">, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const schemas = new Map(type.fields.map(({ name, schema }) => [name, schema]));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, timesAsText(schemas.get(name) ?? "null", each)]),
  );
}
