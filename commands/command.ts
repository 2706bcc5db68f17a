import { type Command, Option } from "commander";
import type { z } from "zod";
import {
  flagOf,
  type OptionSet,
  type OptionSource,
  type OptionSpec,
  refuseUnknownVariables,
  variableOf,
} from "../runtime/options.ts";

/** Exit codes of every command; documented in docs/options.md. */
export const exitCodes = { ok: 0, failed: 1, refused: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a command touches of the process, so that tests can hand in their own. */
export type CommandContext = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results, and with --json nothing but JSON. */
  readonly stdout: NodeJS.WritableStream;
  /** Words for people: progress, hints, errors. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
};

/** One file of `commands/` adds one command, or one group of subcommands, to the program. */
export type AddCommand = (program: Command, context: CommandContext, end: (code: ExitCode) => void) => void;

/** Adds a flag for each option of the sets, with its variable, unit, choices and default in the help. */
export function withOptions(command: Command, sets: readonly OptionSet[]): Command {
  for (const set of sets) {
    for (const [key, spec] of Object.entries(set.specs)) {
      const unit = spec.unit === undefined ? "" : ` [${spec.unit}]`;
      const standard = spec.default === undefined || spec.secret === true ? "" : ` (default: ${spec.default})`;
      const flag = `${flagOf(set, key)} <value>`;
      const option = new Option(flag, `${spec.description}${unit}${standard} (${variableOf(set, key)})`);
      const choices = choicesOf(spec);
      // Only to be shown: a wrong value is refused by the option's own check.
      if (choices !== undefined) option.argChoices = choices;
      command.addOption(option.helpGroup(`Options of ${set.station}:`));
    }
  }
  return command;
}

/** An option that takes one of some words. They are only shown and completed: the command refuses another by its own check. */
export function oneOf(flags: string, description: string, choices: readonly string[], standard?: string): Option {
  const option = new Option(flags, description).default(standard);
  option.argChoices = [...choices];
  return option;
}

/** The words that an option takes, if it takes only some. */
function choicesOf({ schema }: OptionSpec): string[] | undefined {
  // Asked of the definition: to load zod would take longer than a call for help may.
  if (schema.def.type === "enum") return (schema as z.ZodEnum).options.map(String);
  const isSwitch = schema.def.type === "pipe" && (schema as z.ZodPipe<z.ZodType, z.ZodType>).out.def.type === "boolean";
  return isSwitch ? ["true", "false"] : undefined;
}

/** Where `readOptions` finds what the user gave: the flags of this command under their own names, and the environment. */
export function sourceOf(command: Command, context: CommandContext, known: readonly OptionSet[]): OptionSource {
  refuseUnknownVariables(known, context.env);
  const flags: Record<string, string | boolean | undefined> = {};
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (typeof value === "string" || typeof value === "boolean") flags[(option.long ?? "").replace(/^--/, "")] = value;
  }
  return { flags, env: context.env };
}

/** One JSON value on a line of its own. */
export function printJson(context: CommandContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value)}\n`);
}

/** One line for people. */
export function say(context: CommandContext, line: string): void {
  context.stderr.write(`${line}\n`);
}
