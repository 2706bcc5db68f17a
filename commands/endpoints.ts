import {
  deleteEndpoint,
  disabledByHand,
  disableEndpoint,
  enableEndpoint,
  listEndpoints,
  sendTest,
  targetOf,
} from "../sinks/webhook/index.ts";
import { type AddCommand, exitCodes } from "./command.ts";
import { addDeliveries } from "./endpoints-deliveries.ts";
import { endpointsManual } from "./endpoints-manual.ts";
import { partsOf } from "./endpoints-part.ts";
import { addSettings } from "./endpoints-settings.ts";
import { describeAttempt, describeEndpoint } from "./endpoints-words.ts";
import { withManual } from "./manual.ts";

/** `hailstream endpoints …`: who is told about alerts. */
export const add: AddCommand = (program, context, end) => {
  const group = program.command("endpoints").description("Manages the receivers of alerts (webhooks).");
  const part = partsOf(group, context, end);

  addSettings(part);

  part("list", "Lists the receivers.", async ({ open, tell }) => {
    const endpoints = await listEndpoints(await open());
    tell(endpoints, () => endpoints.map(describeEndpoint));
  });

  part(
    "test",
    "Sends a made-up alert to a receiver now and shows its answer.",
    async (tools, id) => {
      const attempt = await sendTest(await tools.open(), id, tools.webhook);
      tools.tell(attempt, () => [describeAttempt(attempt)]);
      if (attempt.result !== "delivered") tools.end(exitCodes.failed);
    },
    (command) => command.argument("<id>", "the endpoint's id"),
  );

  part(
    "disable",
    "Sends nothing to a receiver until it is enabled; what is meant for it is kept, to be replayed.",
    async ({ open, tell, say }, id) => {
      const db = await open();
      const disabled = await disableEndpoint(db, id, disabledByHand);
      // Else it is disabled already, or there is no such endpoint.
      if (!disabled) await targetOf(db, id);
      tell({ endpoint: id, disabled }, () => []);
      say(disabled ? `${id} is disabled.` : `${id} was disabled already.`);
    },
    (command) => command.argument("<id>", "the endpoint's id"),
  );

  part(
    "enable",
    "Sends to a receiver again, whoever disabled it, and tells how much is kept for it.",
    async ({ open, tell, say }, id) => {
      const { kept } = await enableEndpoint(await open(), id);
      tell({ enabled: id, exhausted: kept }, () => []);
      say(`${id} is enabled: it gets what comes from now on.`);
      if (kept > 0) say(`${kept} deliveries are kept for it: hailstream endpoints replay ${id} --dry-run`);
    },
    (command) => command.argument("<id>", "the endpoint's id"),
  );

  part(
    "delete",
    "Sends nothing more to a receiver and forgets its secrets.",
    async ({ open, tell, say }, id) => {
      await deleteEndpoint(await open(), id);
      tell({ deleted: id }, () => []);
      say(`${id} is deleted.`);
    },
    (command) => command.argument("<id>", "the endpoint's id"),
  );

  addDeliveries(part);
  withManual(group, endpointsManual);
};
