import { createHash } from "node:crypto";
import type { ErrorCode } from "../runtime/index.ts";
import type { Violation } from "./violations.ts";

/** The topic of events that were not accepted and that their senders cannot repair. */
export const quarantineTopic = "quarantine";

/** An event in quarantine: its bytes, who sent it, and why it was not accepted. */
export type Quarantined = {
  /** The same for the same event refused for the same reason, however often it is sent. */
  readonly quarantineId: string;
  readonly eventId: string;
  /** As the event says; there may be no such type. */
  readonly type: string;
  readonly source: string;
  /** RFC 3339, exactly as the app sent it. */
  readonly time: string;
  readonly subject?: string;
  /** What was wrong first. */
  readonly code: ErrorCode;
  /** At least one; the first is that of `code`. Pointers lead into the event as it is kept. */
  readonly violations: readonly Violation[];
  /** Of the schema that it was, or would have been, checked against; when the type is known. */
  readonly schemaId?: number;
  /** Name and stage of the API key that it was sent with. */
  readonly keyName: string;
  readonly stage: string;
  /** Whom the device's token spoke for, when it was sent with one. */
  readonly tokenSubject?: string;
  /** Milliseconds since 1970 by the server's clock. */
  readonly receivedAt: number;
  readonly traceparent?: string;
  /** One CloudEvent in structured JSON. */
  readonly original: Buffer;
};

/** Longer texts of an event are cut in what is kept about it; its bytes are whole. */
const maxTextChars = 500;

/** The record of an event in quarantine: its bytes, and everything about them in headers. */
export function quarantineRecord(entry: Omit<Quarantined, "quarantineId">): {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
} {
  const headers: Record<string, string> = {
    "content-type": "application/cloudevents+json",
    ce_id: plain(entry.eventId),
    ce_type: plain(entry.type),
    ce_source: plain(entry.source),
    ce_time: plain(entry.time),
    received_at: String(entry.receivedAt),
    quarantine_code: entry.code,
    quarantine_violations: JSON.stringify(entry.violations.map(plainViolation)),
    quarantine_key_name: plain(entry.keyName),
    quarantine_stage: entry.stage,
  };
  if (entry.subject !== undefined) headers.ce_subject = plain(entry.subject);
  if (entry.schemaId !== undefined) headers.quarantine_schema_id = String(entry.schemaId);
  if (entry.tokenSubject !== undefined) headers.quarantine_token_subject = plain(entry.tokenSubject);
  if (entry.traceparent !== undefined) headers.traceparent = entry.traceparent;
  return { key: quarantineIdOf(entry), value: entry.original, headers };
}

type HeaderValue = Buffer | string | readonly (Buffer | string)[] | undefined;

/** The inverse of {@link quarantineRecord}; what is missing, in words, for a record that is none. */
export function readQuarantined(record: {
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
}): Quarantined | { readonly missing: string } {
  const { headers } = record;
  const text = (name: string) => textOf(headers[name]);
  const [eventId, type, source, time] = [text("ce_id"), text("ce_type"), text("ce_source"), text("ce_time")];
  const [code, keyName] = [text("quarantine_code"), text("quarantine_key_name")];
  const receivedAt = Number(text("received_at") ?? Number.NaN);
  const violations = violationsIn(text("quarantine_violations"));
  if (record.key === null || record.value === null) return { missing: "key or value" };
  if (eventId === undefined || type === undefined || source === undefined || time === undefined) {
    return { missing: "a header of the envelope: ce_id, ce_type, ce_source, ce_time" };
  }
  if (code === undefined || keyName === undefined || violations === undefined) {
    return { missing: "quarantine_code, quarantine_key_name or quarantine_violations" };
  }
  if (!Number.isSafeInteger(receivedAt) || receivedAt < 0) return { missing: "received_at" };
  const subject = text("ce_subject");
  const schemaId = text("quarantine_schema_id");
  const tokenSubject = text("quarantine_token_subject");
  const traceparent = text("traceparent");
  return {
    quarantineId: record.key.toString(),
    eventId,
    type,
    source,
    time,
    code: code as ErrorCode,
    violations,
    keyName,
    stage: text("quarantine_stage") ?? "",
    receivedAt,
    original: record.value,
    ...(subject === undefined ? {} : { subject }),
    ...(schemaId === undefined ? {} : { schemaId: Number(schemaId) }),
    ...(tokenSubject === undefined ? {} : { tokenSubject }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/**
 * An app that hears nothing sends the same event again, which must not become a second entry. Another reason or another sender is another
 * entry: both tell something.
 */
function quarantineIdOf({ code, keyName, tokenSubject, original }: Omit<Quarantined, "quarantineId">): string {
  const hash = createHash("sha256").update(JSON.stringify([code, keyName, tokenSubject ?? null]));
  return `q_${hash.update(original).digest("hex").slice(0, 32)}`;
}

/** No NUL and no half of a surrogate pair, which no database holds. */
function plain(text: string): string {
  return text.slice(0, maxTextChars).toWellFormed().replaceAll("\0", "\u2400");
}

function plainViolation(violation: Violation): Violation {
  return Object.fromEntries(Object.entries(violation).map(([name, text]) => [name, plain(text)])) as Violation;
}

function violationsIn(json: string | undefined): readonly Violation[] | undefined {
  try {
    const parsed: unknown = JSON.parse(json ?? "");
    const isViolation = (one: unknown) => typeof (one as Violation | null)?.code === "string";
    return Array.isArray(parsed) && parsed.length > 0 && parsed.every(isViolation) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: HeaderValue): string | undefined {
  const first = Array.isArray(value)
    ? (value[0] as Buffer | string | undefined)
    : (value as Buffer | string | undefined);
  return first?.toString();
}
