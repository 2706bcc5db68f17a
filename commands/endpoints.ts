import type { Command } from "commander";
import { localOptions } from "../local/options.ts";
import { createLogger, createMetrics, logOptions, messageOf, PipelineError, readOptions } from "../runtime/index.ts";
import {
  checkTarget,
  createEndpoint,
  deleteEndpoint,
  listDeliveries,
  listEndpoints,
  policyOf,
  sendTest,
  type WebhookOptions,
  webhookOptions,
} from "../sinks/webhook/index.ts";
import { createDatabase, type Database, storeOptions } from "../store/index.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { describeAttempt, describeDelivery, describeEndpoint } from "./endpoints-words.ts";
import { localWebhookVariables } from "./local-webhooks.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack } from "./running-stack.ts";

const examples = `
Examples:
  hailstream endpoints create --url https://example.com/alerts --name "night shift"
  hailstream endpoints test ep_0198f3c1…
  hailstream endpoints deliveries --state exhausted

How to receive and verify: docs/webhooks.md. Exit code 2: the target is refused, or there is no such endpoint.`;

const deliveryStates = ["pending", "delivered", "exhausted"];

type Wanted = {
  readonly url: string;
  readonly name?: string;
  readonly endpoint?: string;
  readonly state?: string;
  readonly json?: boolean;
};
type Tools = {
  /** Connects; what can be refused without a database is refused before. */
  open(): Promise<Database>;
  readonly webhook: WebhookOptions;
  readonly wanted: Wanted;
};

/** `hailstream endpoints …`: who is told about alerts. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("endpoints")
    .description("Manages the receivers of alerts (webhooks).")
    .addHelpText("after", examples);
  const part = (name: string, words: string) => withCommonOptions(group.command(name).description(words));

  const create = part("create", "Adds a receiver and shows its secret, this once.")
    .requiredOption("--url <url>", "where alerts are posted to")
    .option("--name <name>", "a name for people")
    .action(() =>
      run(create, context, end, async ({ open, webhook, wanted }) => {
        const { url, resolved } = await checkTarget(wanted.url, policyOf(webhook));
        const { name } = wanted;
        const created = await createEndpoint(await open(), { url, ...(name === undefined ? {} : { name }) });
        if (!resolved)
          say(context, `The name in ${url} cannot be looked up now; it is checked again at every attempt.`);
        if (wanted.json === true) printJson(context, { ...created, url, name: name ?? "" });
        else {
          context.stdout.write(`id      ${created.id}\nsecret  ${created.secret}\n`);
          say(context, "Keep the secret: it is not shown again. The receiver verifies every delivery with it.");
        }
      }),
    );

  const list = part("list", "Lists the receivers.").action(() =>
    run(list, context, end, async ({ open, wanted }) => {
      const endpoints = await listEndpoints(await open());
      if (wanted.json === true) printJson(context, endpoints);
      else for (const endpoint of endpoints) context.stdout.write(`${describeEndpoint(endpoint)}\n`);
    }),
  );

  const remove = part("delete", "Sends nothing more to a receiver and forgets its secret.")
    .argument("<id>", "the endpoint's id")
    .action((id: string) =>
      run(remove, context, end, async ({ open, wanted }) => {
        await deleteEndpoint(await open(), id);
        if (wanted.json === true) printJson(context, { deleted: id });
        else say(context, `${id} is deleted.`);
      }),
    );

  const test = part("test", "Sends a made-up alert to a receiver now and shows its answer.")
    .argument("<id>", "the endpoint's id")
    .action((id: string) =>
      run(test, context, end, async ({ open, webhook, wanted }) => {
        const attempt = await sendTest(await open(), id, webhook);
        if (wanted.json === true) printJson(context, attempt);
        else context.stdout.write(`${describeAttempt(attempt)}\n`);
        if (attempt.result !== "delivered") end(exitCodes.failed);
      }),
    );

  const deliveries = part("deliveries", "Lists the newest hundred deliveries.")
    .option("--endpoint <id>", "only those to this endpoint")
    .option("--state <state>", `only those in this state: ${deliveryStates.join(", ")}`)
    .action(() =>
      run(deliveries, context, end, async ({ open, wanted }) => {
        if (wanted.state !== undefined && !deliveryStates.includes(wanted.state)) {
          throw new PipelineError("option_invalid", { message: `--state is one of ${deliveryStates.join(", ")}` });
        }
        const rows = await listDeliveries(await open(), { endpointId: wanted.endpoint, state: wanted.state });
        const shown = rows.map((row) => ({ ...row, delivery_id: String(row.delivery_id) }));
        if (wanted.json === true) printJson(context, shown);
        else for (const row of rows) context.stdout.write(`${describeDelivery(row)}\n`);
      }),
    );
};

function withCommonOptions(command: Command): Command {
  command.option("--json", "print the result as one JSON line on standard output");
  return withOptions(command, [localOptions, storeOptions, webhookOptions, logOptions]);
}

/** Does `work` on the database that is given, else on that of the running local stack, whose rules for targets then hold. */
async function run(
  command: Command,
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  work: (tools: Tools) => Promise<void>,
): Promise<void> {
  const source = sourceOf(command, context, optionSets);
  const given = source.flags?.["postgres-url"] ?? source.env?.HAILSTREAM_POSTGRES_URL;
  const stack = given === undefined ? runningStack(source) : undefined;
  const env = { ...(stack === undefined ? {} : localWebhookVariables), ...source.env };
  const webhook = readOptions(webhookOptions, { ...source, env });
  const url = stack?.postgres ?? readOptions(storeOptions, source).url;
  const log = createLogger("endpoints", readOptions(logOptions, source).level);
  const db = createDatabase({ name: "endpoints", url, log, metrics: createMetrics(), max: 1 });
  try {
    const open = async () => {
      await db.start(() => undefined);
      return db;
    };
    await work({ open, webhook, wanted: command.opts<Wanted>() });
  } catch (error) {
    if (!(error instanceof PipelineError && error.code.startsWith("webhook_"))) throw error;
    say(context, `hailstream: ${messageOf(error)}\n  ${error.remedy} [${error.code}]`);
    if (command.opts<Wanted>().json === true) printJson(context, { refused: error.code, message: error.message });
    end(exitCodes.refused);
  } finally {
    await db.stop();
  }
}
