import { z } from "zod";
import { defineOptions, type ValuesOf } from "../../runtime/options.ts";
import type { RetrySchedule } from "./retry-schedule.ts";
import { isNetwork, type TargetPolicy } from "./target-guard.ts";

const list = (text: string) => (text.trim() === "" ? [] : text.split(",").map((part) => part.trim()));
const numbers = (least: number, most: number) =>
  z
    .string()
    .transform((text) => list(text).map(Number))
    .pipe(z.array(z.number().min(least).max(most)));

export const webhookOptions = defineOptions("webhook", {
  allowTargets: {
    schema: z
      .string()
      .transform(list)
      .pipe(z.array(z.string().refine(isNetwork, "expected networks such as 10.1.0.0/16 or ::1/128"))),
    default: "",
    description: "Networks that webhooks may go to although they are not public, CIDR with commas between; any port.",
  },
  development: {
    schema: z.stringbool(),
    default: "false",
    description: "Whether webhooks may go over plain http, too.",
  },
  ports: {
    schema: numbers(1, 65_535),
    default: "443,8443",
    description: "Ports that public receivers may be asked on, with commas between.",
  },
  retryDelays: {
    schema: numbers(0.001, 7 * 86_400),
    default: "5,300,1800,7200,18000,36000,36000",
    unit: "s",
    description: "Waits between the attempts of a delivery, with commas between; up to a fifth is added at random.",
  },
  timeoutMs: {
    schema: z.coerce.number().int().min(10).max(60_000),
    default: "15000",
    unit: "ms",
    description: "How long one attempt may take, from the look-up of the name to the receiver's answer.",
  },
  concurrency: {
    schema: z.coerce.number().int().min(1).max(100),
    default: "8",
    unit: "attempts",
    description: "Attempts under way to one endpoint at the same time, a process.",
  },
  ratePerSecond: {
    schema: z.coerce.number().min(0.001).max(100_000),
    default: "100",
    unit: "messages/s",
    description:
      "The most that one process sends to an endpoint that has no rate of its own; as much at once after a pause.",
  },
  disableAfterDays: {
    schema: z.coerce.number().min(0).max(365),
    default: "5",
    unit: "days",
    description:
      "An endpoint is disabled when every attempt has failed for so long, and the others are told; 0 is never.",
  },
  keepDays: {
    schema: z.coerce.number().min(2).max(3_650),
    default: "90",
    unit: "days",
    description:
      "Deliveries that have ended are deleted after so long; until then those that are exhausted can be replayed.",
  },
  groupId: {
    schema: z.string().min(1).max(200),
    default: "hailstream-sink-webhook",
    description: "Names the reader of alerts in Kafka (its consumer group) and in pipeline.checkpoints.",
  },
  pollMs: {
    schema: z.coerce.number().int().min(10),
    default: "500",
    unit: "ms",
    description: "How often the database is asked for deliveries that have become due.",
  },
});

export type WebhookOptions = ValuesOf<typeof webhookOptions>;

/** What the options allow webhooks to be sent to. */
export function policyOf(options: WebhookOptions): TargetPolicy {
  const { development, ports, allowTargets } = options;
  return { development, ports, allowTargets };
}

export function scheduleOf(options: WebhookOptions): RetrySchedule {
  return { delaysMs: options.retryDelays.map((seconds) => seconds * 1_000), jitter: 0.2 };
}
