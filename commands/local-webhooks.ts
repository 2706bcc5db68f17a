/**
 * How webhooks of the local stack differ from those in production, as variables that anything given by the user overrides: a receiver on the same machine may
 * be tried, over plain http.
 */
export const localWebhookVariables: Readonly<Record<string, string>> = {
  HAILSTREAM_WEBHOOK_DEVELOPMENT: "true",
  HAILSTREAM_WEBHOOK_ALLOW_TARGETS: "127.0.0.0/8,::1/128",
};
