import { v5 as uuidv5 } from "uuid";
import { type Envelope, envelopeHeaders, readEnvelope, type Schemas } from "../schemas/index.ts";
import type { OutboxRecord } from "../store/index.ts";
import type { Emitted, Reader } from "./flow.ts";
import type { Place } from "./state/counted.ts";
import { deadLetter, forward, type Step } from "./step.ts";

/** An event, decoded. */
export type DecodedEvent = {
  readonly envelope: Envelope;
  /** The event's own time, ms since 1970. */
  readonly timeMs: number;
  readonly value: Readonly<Record<string, unknown>>;
  readonly place: Place;
};

/** An event to be written; the type names the topic and the key. */
export type NewEvent = { readonly envelope: Envelope; readonly data: Readonly<Record<string, unknown>> };

/** Decodes a record whole; what cannot be read goes to the dead letters. */
export function readEvent(schemas: Pick<Schemas, "decode">): Reader<DecodedEvent> {
  return async function readEvent(record, origin) {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    if (decoded.type.name !== envelope.type) {
      return deadLetter("stream_event_unexpected", `the headers say ${envelope.type}, the bytes ${decoded.type.name}`);
    }
    const timeMs = Date.parse(envelope.time);
    if (Number.isNaN(timeMs)) return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    const place = { readFrom: `${origin.topic}/${origin.partition}`, readOffset: Number(record.offset) };
    return forward({ envelope, timeMs, value: decoded.value, place });
  };
}

/** Namespace of the ids of derived events (RFC 9562, 5.5); another value would make other ids of the same events. */
const namespace = "c3b8f1a2-58c4-5b0a-9d0e-4f0b6a7d2e11";

/**
 * An event that follows from another one: its time, its trace, and an id that is made of the other's id and of what it says. The same event gives
 * the same bytes whenever it is read, so a repetition is recognised; a corrected processor gives another id.
 */
export function deriveEvent(
  from: Envelope,
  event: { readonly type: string; readonly by: string; readonly subject: string; readonly data: NewEvent["data"] },
): NewEvent {
  const { type, by, subject, data } = event;
  const { time, receivedAt, traceparent } = from;
  const id = uuidv5(JSON.stringify([from.id, type, data]), namespace);
  const trace = traceparent === undefined ? {} : { traceparent };
  return { envelope: { id, type, source: `/hailstream/${by}`, time, subject, receivedAt, ...trace }, data };
}

/** What it takes to write events. */
export type EventSchemas = Pick<Schemas, "encode" | "keyOf" | "catalogue">;

/** Bytes, headers, key and topic of an event, for the end of a flow that remembers. @throws PipelineError event_type_unknown */
export function recordOf(schemas: EventSchemas): (event: NewEvent) => OutboxRecord {
  return ({ envelope, data }) => {
    const value = schemas.encode(envelope.type, data);
    const topic = schemas.catalogue.types.get(envelope.type)?.topic ?? "";
    return { topic, key: schemas.keyOf(envelope.type, data), value, headers: envelopeHeaders(envelope) };
  };
}

/** The same as the last step of a flow. */
export function writeEvent(schemas: EventSchemas): Step<NewEvent, Emitted> {
  const write = recordOf(schemas);
  return function writeEvent(event) {
    const { topic, ...record } = write(event);
    return forward({ topic, record });
  };
}
