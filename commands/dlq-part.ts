import { hostname, userInfo } from "node:os";
import type { Command } from "commander";
import { connectKafka, type KafkaConnection, kafkaOptions, shortRetry } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import {
  createLogger,
  createMetrics,
  type Logger,
  logOptions,
  messageOf,
  type OptionSource,
  PipelineError,
  readOptions,
} from "../runtime/index.ts";
import { catalogueOptions, schemaOptions } from "../schemas/options.ts";
import { sinksOptions } from "../sinks/options.ts";
import { webhookOptions } from "../sinks/webhook/options.ts";
import { createDatabase, type Database, storeOptions } from "../store/index.ts";
import { streamOptions } from "../stream/options.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack, variablesOf } from "./running-stack.ts";

/** What the work of a subcommand is done with. */
export type DlqTools = {
  readonly context: CommandContext;
  readonly db: Database;
  readonly log: Logger;
  /** Asked for by whoever needs Kafka. */
  kafka(): KafkaConnection;
  /** Options, the running local stack's addresses where none are given. */
  readonly source: OptionSource;
  /** The flags of the subcommand as they were given. */
  readonly wanted: Readonly<Record<string, unknown>>;
  /** The person at the keyboard, for the records. */
  readonly by: string;
  /** Prints the result: as JSON when that was asked for, else as lines. */
  tell(result: unknown, lines: () => readonly string[]): void;
  /** Words for people. */
  say(line: string): void;
  end: Parameters<AddCommand>[2];
};

/** Adds a subcommand; `given` of its work are its arguments. */
export type AddDlqPart = (
  name: string,
  words: string,
  work: (tools: DlqTools, given: readonly unknown[]) => Promise<void>,
  own: (command: Command) => Command,
) => void;

/** How each subcommand of `group` is added: with the options of all of them, the database open while it works. @param title by which logs and Postgres know it */
export function dlqPartsOf(
  group: Command,
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  title = "dlq",
): AddDlqPart {
  return (name, words, work, own) => {
    const command = own(group.command(name).description(words));
    command
      .option("--by <name>", "who does it, for the records; without it, the user of this machine")
      .option("--json", "print the result as one JSON line on standard output")
      .action((...given: unknown[]) => run(command, title, context, end, (tools) => work(tools, given)));
    const sets = [
      storeOptions,
      kafkaOptions,
      schemaOptions,
      catalogueOptions,
      sinksOptions,
      webhookOptions,
      streamOptions,
    ];
    withOptions(command, [localOptions, ...sets, logOptions]);
  };
}

async function run(
  command: Command,
  title: string,
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  work: (tools: DlqTools) => Promise<void>,
): Promise<void> {
  const wanted = command.opts<Record<string, unknown>>();
  const given = sourceOf(command, context, optionSets);
  const stack = runningStack(given);
  const source = { ...given, env: { ...(stack === undefined ? {} : variablesOf(stack)), ...given.env } };
  const log = createLogger(title, readOptions(logOptions, source).level);
  const { url } = readOptions(storeOptions, source);
  const db = createDatabase({ name: title, url, log, metrics: createMetrics(), max: 4 });
  try {
    await db.start(() => undefined);
    await work({
      ...{ context, db, log, source, wanted, end },
      kafka: () => connectKafka(readOptions(kafkaOptions, source), log, `hailstream-${title}`, shortRetry),
      by: typeof wanted.by === "string" ? wanted.by : `${userInfo().username}@${hostname()}`,
      tell(result, lines) {
        if (wanted.json === true) printJson(context, result);
        else for (const line of lines()) context.stdout.write(`${line}\n`);
      },
      say: (line) => say(context, line),
    });
  } catch (error) {
    if (!PipelineError.is(error, "dlq_letter_unknown")) throw error;
    say(context, `hailstream: ${messageOf(error)}\n  ${error.remedy} [${error.code}]`);
    if (wanted.json === true) printJson(context, { refused: error.code, message: error.message });
    end(exitCodes.refused);
  } finally {
    await db.stop();
  }
}
