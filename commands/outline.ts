import { readFileSync } from "node:fs";
import { Argument, type Command, Option } from "commander";
import { hintAtHelp, type Manual, manualOf, withManual } from "./manual.ts";

export type OptionOutline = {
  readonly flags: string;
  readonly description: string;
  readonly default?: unknown;
  readonly mandatory?: boolean;
  readonly choices?: readonly string[];
};
type ArgumentOutline = {
  /** `<file>`, `[id]`, `[ids...]` */
  readonly name: string;
  readonly description: string;
  readonly choices?: readonly string[];
};
type PartialSet = { readonly heading: string; readonly options: readonly OptionOutline[] };
export type CommandOutline = {
  readonly name: string;
  readonly description: string;
  /** Under which it stands in the help of what is above it; empty for none of its own. */
  readonly heading: string;
  readonly manual: Manual;
  readonly arguments: readonly ArgumentOutline[];
  readonly options: readonly OptionOutline[];
  /** Sets of options, as the help orders them: a heading of `Outline.groups`, or what the command has of the set where that is not all of it. */
  readonly groups: readonly (string | PartialSet)[];
  readonly commands: readonly CommandOutline[];
};

/**
 * All that help, completion and the refusal of a wrong word need of the commands, without what the commands do: `outline.json`, which
 * `npm run generate` writes from the commands themselves.
 */
export type Outline = {
  /** Sets of options that several commands have, by their heading in the help. */
  readonly groups: Readonly<Record<string, readonly OptionOutline[]>>;
  readonly commands: readonly CommandOutline[];
};

/** The outline of a program with all its commands. */
export function outlineOf(program: Command): Outline {
  const groups = groupsOf(program);
  const outlined = (command: Command): CommandOutline => {
    const { "": own = [], ...sets } = byHeading(command);
    return {
      name: command.name(),
      description: command.description(),
      heading: command.helpGroup(),
      manual: manualOf(command),
      arguments: command.registeredArguments.map(outlineOfArgument),
      options: own.map(outlineOfOption),
      groups: Object.entries(sets).map(([heading, options = []]) =>
        options.length === groups[heading]?.length ? heading : { heading, options: options.map(outlineOfOption) },
      ),
      commands: command.commands.map(outlined),
    };
  };
  const commands = program.commands.map(outlined);
  return { groups, commands };
}

const byHeading = ({ options }: Command): Partial<Record<string, readonly Option[]>> =>
  Object.groupBy(options, ({ helpGroupHeading = "" }) => helpGroupHeading);

/** The sets of options by their headings, each as the command has it that has most of it. */
function groupsOf(command: Command, groups: Record<string, readonly OptionOutline[]> = {}) {
  const { "": _own, ...sets } = byHeading(command);
  for (const [heading, options = []] of Object.entries(sets)) {
    if (options.length > (groups[heading]?.length ?? 0)) groups[heading] = options.map(outlineOfOption);
  }
  for (const each of command.commands) groupsOf(each, groups);
  return groups;
}

function outlineOfOption(option: Option): OptionOutline {
  return {
    flags: option.flags,
    description: option.description,
    ...(option.defaultValue === undefined || option.negate ? {} : { default: option.defaultValue }),
    ...(option.mandatory ? { mandatory: true } : {}),
    ...(option.argChoices === undefined ? {} : { choices: option.argChoices }),
  };
}

function outlineOfArgument(argument: Argument): ArgumentOutline {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return {
    name: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    ...(argument.argChoices === undefined ? {} : { choices: argument.argChoices }),
  };
}

/** Adds the commands that `argv` names as they are outlined, and of the others what the help of all says. What is called does `run`. */
export function addOutline(
  program: Command,
  { commands, groups }: Outline,
  argv: readonly string[],
  run: (name: string) => Promise<void>,
): void {
  for (const outline of commands) {
    const shown = argv.includes(outline.name) ? outline : { ...outline, commands: [], options: [], groups: [] };
    addOutlined(program, shown, groups, () => run(outline.name));
  }
}

/** Adds a command as it is outlined. Whatever is called of it does `run`. */
export function addOutlined(
  parent: Command,
  { name, description, heading, manual, ...outline }: CommandOutline,
  groups: Outline["groups"],
  run: () => Promise<void>,
): void {
  const command = parent.command(name).description(description).helpGroup(heading);
  hintAtHelp(command);
  for (const each of outline.arguments) command.addArgument(argumentOf(each));
  for (const each of outline.options) command.addOption(optionOf(each));
  for (const set of outline.groups) {
    const { heading, options } = typeof set === "string" ? { heading: set, options: groups[set] ?? [] } : set;
    for (const each of options) command.addOption(optionOf(each).helpGroup(heading));
  }
  for (const each of outline.commands) addOutlined(command, each, groups, run);
  withManual(command, manual);
  if (outline.commands.length === 0) command.action(run);
}

function optionOf({ flags, description, default: standard, mandatory = false, choices }: OptionOutline): Option {
  const option = new Option(flags, description).makeOptionMandatory(mandatory);
  if (standard !== undefined) option.default(standard);
  // Only to be shown: the command itself refuses a wrong value, in its own words.
  if (choices !== undefined) option.argChoices = [...choices];
  return option;
}

function argumentOf({ name, description, choices }: ArgumentOutline): Argument {
  const argument = new Argument(name, description);
  if (choices !== undefined) argument.argChoices = [...choices];
  return argument;
}

/** The outline as it was generated. */
export function readOutline(): Outline {
  return JSON.parse(readFileSync(new URL("outline.json", import.meta.url), "utf8")) as Outline;
}
