import { envelopeHeaders, readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { Emitted, Reader } from "../flow.ts";
import { deadLetter, forward, type Step } from "../step.ts";
import type { AlertEvent } from "./alert.ts";
import type { DecodedEvent } from "./raise-sos.ts";

/** Decodes a record whole; what cannot be read goes to the dead letters. */
export function readEvent(schemas: Schemas): Reader<DecodedEvent> {
  return async function readEvent(record) {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    if (decoded.type.name !== envelope.type) {
      return deadLetter("stream_event_unexpected", `the headers say ${envelope.type}, the bytes ${decoded.type.name}`);
    }
    if (Number.isNaN(Date.parse(envelope.time))) {
      return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    }
    return forward({ envelope, value: decoded.value });
  };
}

/** Bytes, headers and key of an alert. */
export function writeAlert(schemas: Pick<Schemas, "encode">): Step<AlertEvent, Emitted> {
  return function writeAlert({ envelope, data }) {
    const value = schemas.encode("alert", data);
    return forward({ topic: "alerts", record: { key: data.alert_key, value, headers: envelopeHeaders(envelope) } });
  };
}
