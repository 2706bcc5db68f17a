/** The envelope of an event as it travels in the headers of its Kafka record. */
export type Envelope = {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** RFC 3339, exactly as the app sent it. */
  readonly time: string;
  readonly subject?: string;
  /** Milliseconds since 1970 by the server's clock. */
  readonly receivedAt: number;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** The server's time for `time`, milliseconds since 1970, when the sender's clock could be compared with the server's. */
  readonly timeCorrected?: number;
  /** By how much `timeCorrected` may be wrong, milliseconds; present together with it. */
  readonly timeErrorMs?: number;
  /** When `time` lies ahead of the server's clock, or far back. */
  readonly timeFlag?: "future" | "past";
};

type HeaderValue = Buffer | string | readonly (Buffer | string)[] | undefined;

export function envelopeHeaders(envelope: Envelope): Record<string, string> {
  const headers: Record<string, string> = {
    ce_id: envelope.id,
    ce_type: envelope.type,
    ce_source: envelope.source,
    ce_time: envelope.time,
    received_at: String(envelope.receivedAt),
  };
  if (envelope.subject !== undefined) headers.ce_subject = envelope.subject;
  if (envelope.traceparent !== undefined) headers.traceparent = envelope.traceparent;
  if (envelope.timeCorrected !== undefined) headers.time_corrected = String(envelope.timeCorrected);
  if (envelope.timeErrorMs !== undefined) headers.time_error_ms = String(envelope.timeErrorMs);
  if (envelope.timeFlag !== undefined) headers.time_flag = envelope.timeFlag;
  return headers;
}

/**
 * The envelope in a record's headers; undefined when id, type or time is missing. `source` is empty text and `receivedAt` is 0
 * when the header is missing or no number.
 */
export function readEnvelope(record: {
  readonly headers: Readonly<Record<string, HeaderValue>>;
}): Envelope | undefined {
  const { headers } = record;
  const id = text(headers.ce_id);
  const type = text(headers.ce_type);
  const time = text(headers.ce_time);
  if (id === undefined || type === undefined || time === undefined) return undefined;
  const receivedAt = Number(text(headers.received_at));
  const subject = text(headers.ce_subject);
  const traceparent = text(headers.traceparent);
  return {
    id,
    type,
    source: text(headers.ce_source) ?? "",
    time,
    receivedAt: Number.isSafeInteger(receivedAt) && receivedAt >= 0 ? receivedAt : 0,
    ...(subject === undefined ? {} : { subject }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function text(value: HeaderValue): string | undefined {
  const first = Array.isArray(value)
    ? (value[0] as Buffer | string | undefined)
    : (value as Buffer | string | undefined);
  const result = first?.toString();
  return result === "" ? undefined : result;
}
