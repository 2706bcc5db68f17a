import type { CommandOutline, OptionOutline, Outline } from "./outline.ts";

/** A word that could stand at the cursor. */
export type Candidate = { readonly value: string; readonly description: string };

/** What of the command line is known of the place of the cursor. */
type Place = {
  readonly commands: readonly CommandOutline[];
  readonly options: readonly OptionOutline[];
  readonly command?: CommandOutline;
};

/**
 * What could stand in the place of the last of `words`, which may be empty or begun: commands, options, or what an option or argument
 * takes. Nothing when it is anything, such as a file.
 */
export function candidatesFor(outline: Outline, words: readonly string[]): readonly Candidate[] {
  const current = words.at(-1) ?? "";
  let place: Place = { commands: outline.commands, options: [] };
  let awaiting: OptionOutline | undefined;
  let given = 0;
  for (const word of joined(words.slice(0, -1))) {
    if (awaiting !== undefined) {
      awaiting = undefined;
    } else if (word.startsWith("-")) {
      const option = place.options.find(({ flags }) => longOf(flags) === word.replace(/=$/, ""));
      awaiting = option !== undefined && takesValue(option) ? option : undefined;
    } else {
      const command: CommandOutline | undefined = place.commands.find(({ name }) => name === word);
      if (command !== undefined) place = placeIn(command, outline);
      else {
        given += 1;
        place = { ...place, commands: [] };
      }
    }
  }
  const begun = current === "=" ? "" : current;
  return possible(place, awaiting, given, begun).filter(({ value }) => value.startsWith(begun));
}

function possible(
  { commands, options, command }: Place,
  awaiting: OptionOutline | undefined,
  given: number,
  current: string,
): readonly Candidate[] {
  if (awaiting !== undefined) return choices(awaiting.choices);
  const [, name, equals] = /^(--[^=]+)(=)?/.exec(current) ?? [];
  if (equals !== undefined) {
    const option = options.find(({ flags }) => longOf(flags) === name);
    return choices(option?.choices).map(({ value, description }) => ({ value: `${name}=${value}`, description }));
  }
  if (current.startsWith("-")) {
    const own = options.map(({ flags, description }) => ({ value: longOf(flags), description }));
    return [...own, { value: "--help", description: "show help" }];
  }
  if (commands.length > 0) return commands.map(({ name: value, description }) => ({ value, description }));
  return choices(command?.arguments[given]?.choices);
}

function placeIn(command: CommandOutline, { groups }: Outline): Place {
  const shared = command.groups.flatMap((set) => (typeof set === "string" ? (groups[set] ?? []) : set.options));
  return { commands: command.commands, options: [...command.options, ...shared], command };
}

/** bash makes `--name=value` three words. */
function joined(words: readonly string[]): readonly string[] {
  return words.filter((word) => word !== "=");
}

const longOf = (flags: string) => /--[a-z0-9-]+/.exec(flags)?.[0] ?? flags;
const takesValue = ({ flags }: OptionOutline) => /[<[]/.test(flags);
const choices = (values: readonly string[] = []) => values.map((value) => ({ value, description: "" }));
