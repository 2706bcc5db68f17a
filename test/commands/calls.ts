import { spawnSync } from "node:child_process";
import { CommanderError } from "commander";
import { createProgram } from "../../commands/index.ts";
import { addOutline, readOutline } from "../../commands/outline.ts";

/** One call of hailstream: its words, and which of the scripts it stands in. */
export type Call = { readonly script: number; readonly words: readonly string[] };

const outline = readOutline();

/** The calls of hailstream in shell scripts. A shell cuts them into words, as that of a reader does; nothing else in the scripts is run. */
export function callsOf(scripts: readonly string[]): readonly Call[] {
  // By way of a file descriptor of its own, since a call may stand in $(…); without a PATH there is no other program.
  const begin = `PATH=
exec 9>&1 >/dev/null
hailstream() { printf '%s\\x1f' "$at" "$@" >&9; printf '\\x1e' >&9; }
npx() { [ "$1" != hailstream ] || "$@"; }
command_not_found_handle() { :; }
`;
  // One after the other, also what would stay in the background; and no file is written.
  const parts = scripts.map((script, at) => `at=${at}\n${script.replaceAll(/ > \S+| &$/gm, "")}\n`);
  const shell = spawnSync("bash", ["-c", begin + parts.join("")], { encoding: "utf8", timeout: 20_000 });
  if (/syntax error|unexpected/.test(shell.stderr)) throw new Error(shell.stderr);
  return shell.stdout
    .split("\x1e")
    .filter((record) => record !== "")
    .map((record) => {
      const [script, ...words] = record.split("\x1f").slice(0, -1);
      return { script: Number(script), words };
    });
}

/** What the command line says to words that it does not take; empty when it takes them. Nothing is run. */
export function refusalOf(words: readonly string[]): string {
  let text = "";
  const program = createProgram().configureOutput({
    writeOut: () => undefined,
    writeErr: (part) => {
      text += part;
    },
  });
  addOutline(program, outline, words, async () => undefined);
  try {
    program.parse([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return text;
}
