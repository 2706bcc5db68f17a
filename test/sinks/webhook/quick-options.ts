import { readOptions } from "../../../runtime/index.ts";
import { type WebhookOptions, webhookOptions } from "../../../sinks/webhook/options.ts";

/** The options of a local stack, with short waits; only an answer may take long, since the receiver stands still when the test does. */
export function quickOptions(flags: Readonly<Record<string, string>> = {}): WebhookOptions {
  return readOptions(webhookOptions, {
    flags: {
      "webhook-development": "true",
      "webhook-allow-targets": "127.0.0.0/8,::1/128",
      "webhook-retry-delays": "0.05,0.1,0.1",
      "webhook-timeout-ms": "30000",
      "webhook-poll-ms": "20",
      ...flags,
    },
  });
}
