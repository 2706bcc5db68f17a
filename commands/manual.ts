import type { Command } from "commander";
import { type ExitCode, exitCodes } from "./command.ts";

/** What the help of a command says beside its options: examples in front of them, the rest behind. docs/commands.md says the same. */
export type Manual = {
  /** Lines for a shell that work as they stand; a `#` begins what they do. */
  readonly examples?: readonly string[];
  /** The shape of what --json prints: an example with words for values, `[…]` for any number, `|` for one or the other. */
  readonly json?: string;
  /** What an exit code means here, where that is more than it means everywhere. */
  readonly exits?: Partial<Record<ExitCode, string>>;
  readonly notes?: string;
  /** The manuals of subcommands, by name. */
  readonly parts?: Readonly<Record<string, Manual>>;
};

/** What exit codes mean where a manual says nothing else. */
export const commonExits: Readonly<Record<ExitCode, string>> = {
  [exitCodes.ok]: "done",
  [exitCodes.failed]: "failed",
  [exitCodes.refused]: "refused (a wrong option, argument or input)",
};

const manuals = new WeakMap<Command, Manual>();

/** Gives a command and its subcommands their manual. */
export function withManual(command: Command, manual: Manual): Command {
  const { parts = {}, ...own } = manual;
  manuals.set(command, own);
  command.addHelpText("before", () => beforeUsage(own)).addHelpText("after", () => afterOptions(command, own));
  for (const [name, part] of Object.entries(parts)) {
    const sub = command.commands.find((each) => each.name() === name);
    if (sub === undefined) throw new Error(`There is a manual for ${command.name()} ${name}, but no such command.`);
    withManual(sub, part);
  }
  return command;
}

/** The manual of one command, without its subcommands'. */
export function manualOf(command: Command): Manual {
  return manuals.get(command) ?? {};
}

function beforeUsage({ examples = [] }: Manual): string {
  return examples.length === 0 ? "" : `Examples:\n${examples.map((line) => `  ${line}`).join("\n")}\n`;
}

function afterOptions(command: Command, { json, exits, notes }: Manual): string {
  const parts = [
    notes,
    json === undefined ? undefined : `JSON: ${json}`,
    // A group only leads to what ends with a code.
    command.commands.length > 0 ? undefined : describeExits(exits),
  ];
  return parts
    .filter((part) => part !== undefined)
    .map((part) => `\n${part}`)
    .join("\n");
}

/** `Exit code: 0 done, 1 failed, 2 refused …` */
export function describeExits(exits: Manual["exits"] = {}): string {
  const all = Object.entries({ ...commonExits, ...exits });
  return `Exit code: ${all.map(([code, words]) => `${code} ${words}`).join("; ")}.`;
}

/** After the refusal of a word the command says where it tells what there is, instead of telling all of it. */
export function hintAtHelp(command: Command): void {
  const names: string[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) names.unshift(each.name());
  command.showHelpAfterError(`${names.join(" ")} --help shows what there is.`);
}
