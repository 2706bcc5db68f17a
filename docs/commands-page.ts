import { describeExits } from "../commands/manual.ts";
import type { CommandOutline, Outline } from "../commands/outline.ts";

/** The reference of the command line: every command with its examples, what it takes, the shape of its JSON and its exit codes. */
export function commandsPage({ commands }: Outline): string {
  return [
    "# Commands",
    "",
    "Generated from the commands themselves; `hailstream COMMAND --help` says the same and has the options. With `--json` standard output carries JSON and nothing else, what is said to people goes to standard error.",
    "What they are for, step by step: the guides for [apps](guides/app-developer.md), [analysts](guides/analyst.md), [people on call](guides/on-call.md) and [operators](guides/operator.md).",
    "In the shapes of JSON, words stand for values, `[…]` for any number of what is in it, and `|` for one or the other.",
    "",
    ...commands.flatMap((command) => sections(command, ["hailstream"])),
  ].join("\n");
}

function sections(command: CommandOutline, above: readonly string[]): readonly string[] {
  const words = [...above, command.name];
  const { examples = [], json, exits, notes } = command.manual;
  const own = [
    `${"#".repeat(words.length)} ${words.join(" ")}`,
    "",
    command.description,
    ...block("sh", examples),
    ...(command.arguments.length === 0 ? [] : ["", ...command.arguments.map(argumentLine)]),
    ...(command.options.length === 0 ? [] : ["", ...command.options.map(optionLine)]),
    ...(notes === undefined ? [] : ["", notes]),
    ...block("text", json === undefined ? [] : [json]),
    ...(command.commands.length > 0 ? [] : ["", describeExits(exits)]),
    "",
  ];
  return [...own, ...command.commands.flatMap((each) => sections(each, words))];
}

const argumentLine = ({ name, description }: CommandOutline["arguments"][number]) => `- \`${name}\` ${description}`;
const optionLine = ({ flags, description }: CommandOutline["options"][number]) => `- \`${flags}\` ${description}`;

function block(language: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", `\`\`\`${language}`, ...lines, "```"];
}
