import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { localOptions } from "../local/options.ts";
import { messageOf, PipelineError, readOptions } from "../runtime/index.ts";
import { ApiRefusal, type ConnectorsClient, connectorsOptions, createConnectorsClient } from "../sinks/api/client.ts";
import { readConfig } from "../sinks/connectors/config.ts";
import { type ConnectorFile, invalidFile, readConnectorFile } from "../sinks/connectors/read-file.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { connectorsManual } from "./connectors-manual.ts";
import { describeOffsets, describeStatus, type Offsets, parseMove, type Status } from "./connectors-words.ts";
import { withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack } from "./running-stack.ts";

type Wanted = {
  readonly json?: boolean;
  readonly failed?: boolean;
  readonly task?: string;
  readonly set?: readonly string[];
  readonly reset?: boolean;
};
type Tools = { readonly client: ConnectorsClient; readonly wanted: Wanted };

/** `hailstream connectors …`: what moves topics into tables and to receivers. */
export const add: AddCommand = (program, context, end) => {
  const group = program.command("connectors").description("Manages the connectors of the sinks.");
  const part = (name: string, words: string) => {
    const command = group.command(name).description(words);
    command.option("--json", "print the result as one JSON line on standard output");
    return withOptions(command, [localOptions, connectorsOptions]);
  };
  const result = (wanted: Wanted, value: unknown, words: string) => {
    if (wanted.json === true) printJson(context, value);
    else say(context, words);
  };

  const list = part("list", "Lists the connectors and what they are doing.").action(() =>
    run(list, context, end, async ({ client, wanted }) => {
      const names = (await client.ask("GET", ["connectors"])) as readonly string[];
      const states = await Promise.all(names.map((name) => client.ask("GET", ["connectors", name, "status"])));
      if (wanted.json === true) printJson(context, states);
      else for (const state of states) context.stdout.write(`${describeStatus(state as Status)}\n`);
    }),
  );

  const status = part("status", "Shows the state of a connector and of its tasks.")
    .argument("<name>", "the connector")
    .action((name: string) =>
      run(status, context, end, async ({ client, wanted }) => {
        const state = (await client.ask("GET", ["connectors", name, "status"])) as Status;
        if (wanted.json === true) printJson(context, state);
        else context.stdout.write(`${describeStatus(state, { traces: true })}\n`);
        if (state.tasks.some((task) => task.state === "FAILED")) end(exitCodes.failed);
      }),
    );

  const show = part("config", "Shows the configuration of a connector.")
    .argument("<name>", "the connector")
    .action((name: string) =>
      run(show, context, end, async ({ client }) => {
        printJson(context, await client.ask("GET", ["connectors", name, "config"]));
      }),
    );

  const validate = part("validate", "Says what is wrong with a connector file; asks no process.")
    .argument("<file>", "a connector file (YAML)")
    .action((file: string) =>
      attempt(context, end, validate.opts<Wanted>(), async () => {
        const { config } = fileOf(file);
        result(validate.opts<Wanted>(), { valid: true, name: config.name }, `${file} is sound.`);
      }),
    );

  const create = part("create", "Makes the connector that a file describes, or changes it to that.")
    .argument("<file>", "a connector file (YAML)")
    .action((file: string) =>
      run(create, context, end, async ({ client, wanted }) => {
        const { config, initialState } = fileOf(file);
        const name = config.name ?? "";
        const names = (await client.ask("GET", ["connectors"])) as readonly string[];
        const isThere = names.includes(name);
        const made = isThere
          ? await client.ask("PUT", ["connectors", name, "config"], config)
          : await client.ask("POST", ["connectors"], { name, config, initial_state: initialState });
        result(wanted, made, `${name} is ${isThere ? "changed" : "made"}.`);
      }),
    );

  const remove = part("delete", "Stops a connector and forgets it; its progress and its tables stay.")
    .argument("<name>", "the connector")
    .action((name: string) =>
      run(remove, context, end, async ({ client, wanted }) => {
        await client.ask("DELETE", ["connectors", name]);
        result(wanted, { deleted: name }, `${name} is deleted.`);
      }),
    );

  for (const [verb, words, done] of [
    ["pause", "Lets the tasks of a connector rest, in all processes.", "rests"],
    ["resume", "Lets a connector that rests or is stopped go on.", "goes on"],
    ["stop", "Ends the tasks of a connector, so that its offsets may be changed.", "is stopped"],
  ] as const) {
    const command = part(verb, words)
      .argument("<name>", "the connector")
      .action((name: string) =>
        run(command, context, end, async ({ client, wanted }) => {
          await client.ask("PUT", ["connectors", name, verb]);
          result(wanted, { connector: name, asked: verb }, `${name} ${done}.`);
        }),
      );
  }

  const restart = part("restart", "Starts the tasks of a connector anew.")
    .argument("<name>", "the connector")
    .option("--task <number>", "only this one")
    .option("--failed", "only those that have failed")
    .action((name: string) =>
      run(restart, context, end, async ({ client, wanted }) => {
        if (wanted.task !== undefined) await client.ask("POST", ["connectors", name, "tasks", wanted.task, "restart"]);
        else if (wanted.failed !== true) await client.ask("POST", ["connectors", name, "restart"]);
        else await restartFailed(client, name);
        result(wanted, { connector: name, asked: "restart" }, `${name} is started anew.`);
      }),
    );

  const offsets = part("offsets", "Shows how far a connector has come, or makes it go on from elsewhere.")
    .argument("<name>", "the connector")
    .option("--set <topic:partition=offset...>", "go on from these; the connector must be stopped")
    .option("--reset", "go on from the beginning; the connector must be stopped")
    .action((name: string) =>
      run(offsets, context, end, async ({ client, wanted }) => {
        if (wanted.reset === true) await client.ask("DELETE", ["connectors", name, "offsets"]);
        if (wanted.set !== undefined) {
          await client.ask("PATCH", ["connectors", name, "offsets"], { offsets: wanted.set.map(parseMove) });
        }
        const stands = (await client.ask("GET", ["connectors", name, "offsets"])) as Offsets;
        if (wanted.json === true) printJson(context, stands);
        else context.stdout.write(describeOffsets(stands));
      }),
    );
  withManual(group, connectorsManual);
};

async function restartFailed(client: ConnectorsClient, name: string): Promise<void> {
  const { tasks } = (await client.ask("GET", ["connectors", name, "status"])) as Status;
  for (const { id, state } of tasks) {
    if (state === "FAILED") await client.ask("POST", ["connectors", name, "tasks", String(id), "restart"]);
  }
}

/** @throws PipelineError connector_invalid, with the place of each problem */
function fileOf(file: string): ConnectorFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new PipelineError("connector_invalid", { message: `The connector ${file} cannot be read`, cause });
  }
  const read = readConnectorFile(file, text);
  const { problems } = readConfig(read.config);
  if (problems.length === 0) return read;
  throw invalidFile(
    file,
    problems.map((each) => ({ ...each, line: read.lineOf(each.key) })),
  );
}

/** Does `work` with the process that is named, else with that of the running local stack. */
async function run(
  command: Command,
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  work: (tools: Tools) => Promise<void>,
): Promise<void> {
  const wanted = command.opts<Wanted>();
  await attempt(context, end, wanted, async () => {
    const source = sourceOf(command, context, optionSets);
    const { url: given, apiKey } = readOptions(connectorsOptions, source);
    const url = given ?? runningStack(source)?.connectors;
    if (url === undefined) {
      throw new PipelineError("option_invalid", {
        message: "No stack runs from this --data-dir: start one with hailstream up, or name the sinks with --url.",
      });
    }
    const client = createConnectorsClient({ url: url.replace(/\/$/, ""), apiKey });
    await work({ client, wanted });
  });
}

/** What is refused ends with exit code 2 and the reason, as words and with --json as JSON. */
async function attempt(
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  wanted: Wanted,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isRefusal = error instanceof ApiRefusal && error.status < 500;
    if (!isRefusal && !PipelineError.is(error, "connector_invalid")) throw error;
    say(context, `hailstream: ${messageOf(error)}`);
    if (wanted.json === true)
      printJson(context, { refused: error instanceof ApiRefusal ? error.status : 400, message: messageOf(error) });
    end(exitCodes.refused);
  }
}
