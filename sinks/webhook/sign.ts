import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** A new secret of an endpoint: 256 random bits in the form of Standard Webhooks. */
export function createSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/**
 * The headers of one attempt by Standard Webhooks 1.0. The id is the same at every attempt, so that a receiver can tell a repetition;
 * the time is the attempt's. With several secrets there is one signature for each, so that a receiver can change over.
 */
export function signatureHeaders(
  message: { readonly id: string; readonly body: string },
  secrets: readonly string[],
  at: Date,
): Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> {
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(message.id, at, message.body)).join(" "),
  };
}
