import { readOptions } from "../../../runtime/index.ts";
import { type WebhookOptions, webhookOptions } from "../../../sinks/webhook/options.ts";

/** The options of a local stack, with short waits. */
export function quickOptions(flags: Readonly<Record<string, string>> = {}): WebhookOptions {
  return readOptions(webhookOptions, {
    flags: {
      "webhook-development": "true",
      "webhook-allow-targets": "127.0.0.0/8,::1/128",
      "webhook-retry-delays": "0.05,0.1,0.1",
      "webhook-timeout-ms": "500",
      "webhook-poll-ms": "20",
      ...flags,
    },
  });
}
