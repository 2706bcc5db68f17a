import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { Emitted } from "../flow.ts";
import { forward, type Step } from "../step.ts";
import type { AlertEvent } from "./alert.ts";

/** Bytes, headers and key of an alert. */
export function writeAlert(schemas: Pick<Schemas, "encode">): Step<AlertEvent, Emitted> {
  return function writeAlert({ envelope, data }) {
    const value = schemas.encode("alert", data);
    return forward({ topic: "alerts", record: { key: data.alert_key, value, headers: envelopeHeaders(envelope) } });
  };
}
