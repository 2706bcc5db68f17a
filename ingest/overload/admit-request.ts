import type { IncomingMessage, ServerResponse } from "node:http";
import type { Sender } from "../identity/sender.ts";
import type { Admission, Ticket } from "./admission.ts";
import type { Gate } from "./gate.ts";

export type AdmissionParts = { readonly admission: Admission; readonly gate?: Pick<Gate, "turnBack" | "fieldsOf"> };

/**
 * Whether a request is taken, before its body is read, by whom it is from and by how much it says that it will send.
 * @throws PipelineError request_rate_limited, request_overloaded
 */
export function admitRequest(
  { headers }: IncomingMessage,
  response: ServerResponse,
  sender: Sender,
  parts: AdmissionParts,
): Ticket {
  const announced = Number(headers["content-length"] ?? Number.NaN);
  tellRate(response, sender, parts);
  parts.gate?.turnBack(sender, announced);
  return parts.admission.admit(sender, announced);
}

/** Tells a sender with a rate what is left of it. */
export function tellRate(response: ServerResponse, sender: Sender, { gate }: AdmissionParts): void {
  const fields = gate?.fieldsOf(sender);
  if (fields === undefined || response.headersSent) return;
  response.setHeader("ratelimit-policy", fields.policy);
  response.setHeader("ratelimit", fields.state);
}
