import { z } from "zod";
import { deliveryStates, listAttempts, listDeliveries, replayDeliveries } from "../sinks/webhook/index.ts";
import { oneOf } from "./command.ts";
import type { AddPart } from "./endpoints-part.ts";
import { describeAttemptRow, describeDelivery, describeReplayed } from "./endpoints-words.ts";
import { time } from "./quarantine-filters.ts";

const replayStates = ["exhausted", "delivered"] as const;
const listFilter = z.object({
  endpoint: z.string().optional(),
  state: z.enum(deliveryStates).optional(),
  message: z.string().optional(),
});
const replayFilter = z.object({
  message: z.string().optional(),
  alert: z.string().optional(),
  state: z.enum(replayStates),
  since: time.optional(),
  until: time.optional(),
  overtaken: z.boolean().optional(),
  dryRun: z.boolean().optional(),
});

/** `deliveries` and `replay`: what was sent, and what is sent again. */
export function addDeliveries(part: AddPart): void {
  part(
    "deliveries",
    "Lists the newest hundred deliveries, or every attempt of one message.",
    async ({ open, wanted, tell }) => {
      const { endpoint, state, message } = wanted(listFilter);
      const db = await open();
      if (message !== undefined) {
        const attempts = (await listAttempts(db, message)).filter(
          (each) => (endpoint ?? each.endpoint_id) === each.endpoint_id,
        );
        return tell(attempts, () => attempts.map(describeAttemptRow));
      }
      const rows = await listDeliveries(db, { endpointId: endpoint, state });
      tell(
        rows.map((row) => ({ ...row, delivery_id: String(row.delivery_id) })),
        () => rows.map(describeDelivery),
      );
    },
    (command) =>
      command
        .option("--endpoint <id>", "only those to this endpoint")
        .addOption(oneOf("--state <state>", "only those in this state", deliveryStates))
        .option("--message <webhook-id>", "every attempt of this message, with the answers"),
  );

  part(
    "replay",
    "Sends kept deliveries again, under their old ids, behind new alerts.",
    async ({ open, wanted, tell, say }, endpoint) => {
      const { message, alert, state, since, until, overtaken = false, dryRun = false } = wanted(replayFilter);
      const endpointId = endpoint === "" ? undefined : endpoint;
      const filter = { endpointId, messageId: message, alertKey: alert, state, since, until, overtaken };
      const result = await replayDeliveries(await open(), filter, dryRun);
      tell({ ...result, dry_run: dryRun }, () => []);
      for (const line of describeReplayed(result, dryRun)) say(line);
    },
    (command) =>
      command
        .argument("[id]", "only those to this endpoint")
        .addOption(
          oneOf(
            "--state <state>",
            "exhausted, or delivered for a receiver that has lost what it had",
            replayStates,
            "exhausted",
          ),
        )
        .option("--message <webhook-id>", "only this message")
        .option("--alert <key>", "only alerts with this alert_key")
        .option("--since <time>", "only those made at this time or later: 2026-11-22T21:00:00Z, or 90m, 24h, 7d ago")
        .option("--until <time>", "only those made before this time")
        .option("--overtaken", "also those after which a later one of the same alert has arrived")
        .option("--dry-run", "change nothing, and tell what would be done"),
  );
}
