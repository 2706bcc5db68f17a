import type { Command } from "commander";
import type { z } from "zod";
import { localOptions } from "../local/options.ts";
import { createLogger, createMetrics, logOptions, messageOf, PipelineError, readOptions } from "../runtime/index.ts";
import { type WebhookOptions, webhookOptions } from "../sinks/webhook/index.ts";
import { createDatabase, type Database, storeOptions } from "../store/index.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { checked } from "./keys-part.ts";
import { localWebhookVariables } from "./local-webhooks.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack } from "./running-stack.ts";

/** What the work of a subcommand is done with. */
export type Tools = {
  /** Connects; what can be refused without a database is refused before. */
  open(): Promise<Database>;
  readonly webhook: WebhookOptions;
  /** The options as they were given, by a shape. @throws PipelineError option_invalid, naming the flag */
  wanted<T extends z.ZodType>(shape: T): z.output<T>;
  /** Prints the result: as JSON when that was asked for, else as lines. */
  tell(result: unknown, lines: () => readonly string[]): void;
  /** Words for people, besides the result. */
  say(line: string): void;
  end(code: (typeof exitCodes)[keyof typeof exitCodes]): void;
};

/** Adds a subcommand; `given` of its work is its argument, empty when it has none. */
export type AddPart = (
  name: string,
  words: string,
  work: (tools: Tools, given: string) => Promise<void>,
  adapt?: (command: Command) => Command,
) => void;

/** What adds subcommands to a group, each with the options that all of them have. */
export function partsOf(group: Command, context: CommandContext, end: Parameters<AddCommand>[2]): AddPart {
  return (name, words, work, adapt = (command) => command) => {
    const command = adapt(group.command(name).description(words));
    command.option("--json", "print the result as one JSON line on standard output");
    withOptions(command, [localOptions, storeOptions, webhookOptions, logOptions]);
    command.action((first: unknown) =>
      run(command, context, end, (tools) => work(tools, typeof first === "string" ? first : "")),
    );
  };
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
  const { json = false } = command.opts<{ json?: boolean }>();
  try {
    await work({
      async open() {
        await db.start(() => undefined);
        return db;
      },
      webhook,
      wanted: (shape) => checked(shape, command.opts()),
      tell(result, lines) {
        if (json) printJson(context, result);
        else for (const line of lines()) context.stdout.write(`${line}\n`);
      },
      say: (line) => say(context, line),
      end,
    });
  } catch (error) {
    if (!(error instanceof PipelineError && error.code.startsWith("webhook_"))) throw error;
    say(context, `hailstream: ${messageOf(error)}\n  ${error.remedy} [${error.code}]`);
    if (json) printJson(context, { refused: error.code, message: error.message });
    end(exitCodes.refused);
  } finally {
    await db.stop();
  }
}
