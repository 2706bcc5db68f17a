import type { KafkaConnection } from "../../kafka/index.ts";
import { composeServices, type Logger, type Metrics, type Service } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { Database } from "../../store/index.ts";
import { createSinkRunner } from "../runner.ts";
import { createAlertSink } from "./alert-sink.ts";
import type { Resolve } from "./guarded-agent.ts";
import type { WebhookOptions } from "./options.ts";
import { createSender } from "./sender.ts";

export { severities } from "./alert.ts";
export { checkTarget } from "./check-target.ts";
export { type AttemptRow, type DeliveryRow, deliveryStates, listAttempts, listDeliveries } from "./deliveries.ts";
export { deleteEndpoint, disabledByHand, disableEndpoint, enableEndpoint } from "./endpoint-health.ts";
export {
  createEndpoint,
  type Endpoint,
  type EndpointSettings,
  editEndpoint,
  listEndpoints,
  rotateSecret,
  targetOf,
} from "./endpoints.ts";
export { formats } from "./formats.ts";
export { policyOf, type WebhookOptions, webhookOptions } from "./options.ts";
export type { Attempt } from "./post.ts";
export { type Replayed, replayDeliveries } from "./replay.ts";
export { sendTest } from "./send-test.ts";

export type WebhookSinkParts = {
  readonly options: WebhookOptions;
  readonly connection: KafkaConnection;
  /** Started before and stopped after the sink, by whoever made them. */
  readonly db: Database;
  readonly schemas: Schemas;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Default "alerts". */
  readonly topic?: string;
  /** After this long without a sign of life the topic's partitions go to another process; default 30 s. */
  readonly sessionTimeoutMs?: number;
  /** How names are looked up; the system's way by default. */
  readonly resolve?: Resolve;
};

/**
 * Sends alerts to the endpoints in `webhook.endpoints`: one part reads the topic and writes deliveries, another sends what is due.
 * Every alert is delivered at least once to each endpoint that was active when it was read, under one webhook-id.
 */
export function createWebhookSink(parts: WebhookSinkParts): Service {
  const { options, connection, db, schemas, metrics, log } = parts;
  const { resolve } = parts;
  const sender = createSender({ db, options, metrics, log, ...(resolve === undefined ? {} : { resolve }) });
  const runner = createSinkRunner({
    name: "webhook sink",
    connection,
    db,
    sink: createAlertSink(schemas, sender.wake),
    groupId: options.groupId,
    topics: [parts.topic ?? "alerts"],
    // Somebody is waiting.
    lingerMs: 20,
    ...(parts.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: parts.sessionTimeoutMs }),
    metrics,
    log,
  });
  return composeServices("webhooks", [sender, runner]);
}
