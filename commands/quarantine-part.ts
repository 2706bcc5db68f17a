import { hostname, userInfo } from "node:os";
import type { Command } from "commander";
import { type DoorOptions, doorOptions } from "../apps/index.ts";
import type { ReadyLine } from "../local/index.ts";
import { localOptions } from "../local/options.ts";
import {
  createLogger,
  createMetrics,
  type Logger,
  logOptions,
  messageOf,
  type OptionSet,
  PipelineError,
  readOptions,
} from "../runtime/index.ts";
import { createDatabase, type Database, storeOptions } from "../store/index.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { optionSets } from "./option-sets.ts";
import { createPredictor, type Predictor } from "./quarantine-predict.ts";
import { runningStack } from "./running-stack.ts";

/** What the work of a subcommand is done with. */
export type QuarantineTools = {
  readonly context: CommandContext;
  readonly db: Database;
  readonly log: Logger;
  /** The flags of the subcommand as they were given. */
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Of the local stack, when it runs and nothing else was named. */
  readonly stack: ReadyLine | undefined;
  readonly door: DoorOptions;
  /** The person at the keyboard, for the records. */
  readonly by: string;
  /** Made when it is needed: it compiles every schema. */
  predictor(): Predictor;
  /** Prints the result: as JSON when that was asked for, else as lines. */
  tell(result: unknown, lines: () => readonly string[]): void;
  /** Words for people. */
  say(line: string): void;
  end: Parameters<AddCommand>[2];
};

/** Adds a subcommand; `given` of its work are its arguments. */
export type AddQuarantinePart = (
  name: string,
  words: string,
  work: (tools: QuarantineTools, given: readonly unknown[]) => Promise<void>,
  /** Adds the flags of its own, which come first in the help, and names further option sets. */
  flags?: { readonly own?: (command: Command) => Command; readonly sets?: readonly OptionSet[] },
) => void;

/** How each subcommand of `group` is added: with the options of all of them, the database open while it works. */
export function partsOf(group: Command, context: CommandContext, end: Parameters<AddCommand>[2]): AddQuarantinePart {
  return (name, words, work, { own = (command: Command) => command, sets = [] } = {}) => {
    const command = own(group.command(name).description(words));
    command
      .option("--by <name>", "who does it, for the records; without it, the user of this machine")
      .option("--json", "print the result as one JSON line on standard output")
      .action((...given: unknown[]) => run(command, context, end, (tools) => work(tools, given)));
    withOptions(command, [...sets, localOptions, storeOptions, logOptions]);
  };
}

async function run(
  command: Command,
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  work: (tools: QuarantineTools) => Promise<void>,
): Promise<void> {
  const wanted = command.opts<Record<string, unknown>>();
  const source = sourceOf(command, context, optionSets);
  const isGiven = (source.flags?.["postgres-url"] ?? source.env?.HAILSTREAM_POSTGRES_URL) !== undefined;
  const stack = runningStack(source);
  const url = (isGiven ? undefined : stack?.postgres) ?? readOptions(storeOptions, source).url;
  const log = createLogger("quarantine", readOptions(logOptions, source).level);
  const db = createDatabase({ name: "quarantine", url, log, metrics: createMetrics(), max: 2 });
  try {
    const door = readOptions(doorOptions, source);
    await db.start(() => undefined);
    await work({
      context,
      db,
      log,
      wanted,
      stack,
      door,
      by: typeof wanted.by === "string" ? wanted.by : `${userInfo().username}@${hostname()}`,
      predictor: () => createPredictor(source, stack?.registry, log),
      tell(result, lines) {
        if (wanted.json === true) printJson(context, result);
        else for (const line of lines()) context.stdout.write(`${line}\n`);
      },
      say: (line) => say(context, line),
      end,
    });
  } catch (error) {
    const isRefusal = error instanceof PipelineError && error.code.startsWith("quarantine_") && !error.retryable;
    if (!isRefusal) throw error;
    say(context, `hailstream: ${messageOf(error)}\n  ${error.remedy} [${error.code}]`);
    if (wanted.json === true) printJson(context, { refused: error.code, message: error.message });
    end(exitCodes.refused);
  } finally {
    await db.stop();
  }
}
