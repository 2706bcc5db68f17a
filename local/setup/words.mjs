import { spawn } from "node:child_process";

/** Something is missing that setup cannot bring itself: one line, with how to get it. */
export class SetupError extends Error {}

/** One line for people; standard output belongs to what comes after setup. */
export function say(line) {
  process.stderr.write(`hailstream setup: ${line}\n`);
}

/**
 * Runs a program to its end; `onLine` sees each line of both outputs. Gives the exit code, or undefined when there is no
 * such program.
 */
export function run(command, args, { cwd, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.setEncoding("utf8").on("data", (text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines) onLine(line);
      });
      stream.on("end", () => rest !== "" && onLine(rest));
    }
    child.once("error", (error) => (error.code === "ENOENT" ? resolve(undefined) : reject(error)));
    child.once("close", (code) => resolve(code ?? 1));
  });
}
