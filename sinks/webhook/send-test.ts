import { v7 as uuidv7 } from "uuid";
import type { Queryable } from "../../store/index.ts";
import { alertOf } from "./alert.ts";
import { targetOf } from "./endpoints.ts";
import { bodyOf } from "./formats.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import { policyOf, type WebhookOptions } from "./options.ts";
import { type Attempt, post } from "./post.ts";

/**
 * Sends a made-up alert of severity info to one endpoint, once and at once, signed like any other, also when the endpoint is
 * disabled. It is not written down and not tried again.
 * @throws PipelineError webhook_endpoint_unknown
 */
export async function sendTest(
  db: Queryable,
  endpointId: string,
  options: WebhookOptions,
): Promise<Attempt & { readonly messageId: string }> {
  const target = await targetOf(db, endpointId);
  const policy = policyOf(options);
  const dispatcher = createGuardedAgent(policy, { timeoutMs: options.timeoutMs });
  const id = uuidv7();
  const { format, name } = target;
  const message = { id: `msg_${id}`, format, body: bodyOf(testAlert(id, new Date().toISOString()), format, name) };
  try {
    const attempt = await post(target, message, { dispatcher, policy, timeoutMs: options.timeoutMs });
    return { ...attempt, messageId: message.id };
  } finally {
    await dispatcher.destroy();
  }
}

function testAlert(id: string, time: string) {
  return alertOf(
    { id, type: "alert", source: "/hailstream/endpoints", time, subject: "test" },
    {
      alert_id: `alr_${id}`,
      alert_key: "test",
      rule: "test",
      severity: "info",
      summary: "This is a test of the webhook: nothing has happened.",
      status: "firing",
      event_id: id,
      event_type: "test",
      started_at: time,
      labels: {},
      latitude: null,
      longitude: null,
      ended_at: null,
      notification: "opened",
      sequence: 1,
      cause: "condition",
      annotations: {},
      members: [],
    },
  );
}
