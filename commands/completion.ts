import { Argument } from "commander";
import type { AddCommand } from "./command.ts";
import { candidatesFor } from "./complete.ts";
import { shells } from "./completion-scripts.ts";
import { type Manual, withManual } from "./manual.ts";
import { readOutline } from "./outline.ts";

const manual: Manual = {
  examples: [
    "hailstream completion bash                      # in ~/.bashrc: source <(hailstream completion bash)",
    "hailstream completion zsh                       # in ~/.zshrc, behind compinit: source <(hailstream completion zsh)",
    "hailstream completion fish > ~/.config/fish/completions/hailstream.fish",
  ],
  notes: "The program must be found by the name hailstream: npm link in a checkout, or node_modules/.bin in the PATH.",
};

/** `hailstream completion SHELL`: the script that lets a shell complete; with words, what could stand in the place of the last. */
export const add: AddCommand = (program, context) => {
  const names = Object.keys(shells);
  const command = program
    .command("completion")
    .description("Prints the script by which a shell completes commands, options and their values.")
    .addArgument(new Argument("<shell>", "which one").choices(names))
    .argument("[words...]", "what the script asks: the words behind hailstream, up to the cursor")
    .action((name: keyof typeof shells, words: readonly string[]) => {
      const { script, write } = shells[name];
      if (words.length === 0) context.stdout.write(script);
      else for (const each of candidatesFor(readOutline(), words)) context.stdout.write(`${write(each)}\n`);
    });
  withManual(command, manual);
};
