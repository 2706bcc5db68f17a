import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { type CommandContext, type ExitCode, exitCodes } from "./commands/command.ts";
import { createProgram, loadProgram } from "./commands/index.ts";
import { addOutline, readOutline } from "./commands/outline.ts";
import { messageOf, PipelineError } from "./runtime/errors.ts";

async function main(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };
  const program = createProgram().version(version, "--version", "show the version");
  addOutline(program, readOutline(), argv, run);

  /** The outline has taken every word, so the command itself is loaded. */
  async function run(name: string): Promise<void> {
    const loaded = await loadProgram(
      context,
      (code) => {
        exitCode = code;
      },
      (each) => each === name,
    );
    await loaded.parseAsync([...argv], { from: "user" });
  }

  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.refused;
    const remedy = error instanceof PipelineError ? `\n  ${error.remedy} [${error.code}]` : "";
    context.stderr.write(`hailstream: ${messageOf(error)}${remedy}\n`);
    const usage = PipelineError.is(error, "option_invalid") || PipelineError.is(error, "option_unknown");
    return usage ? exitCodes.refused : exitCodes.failed;
  }
}

// A reader that has seen enough (`| head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
const context: CommandContext = { env: process.env, stdout: process.stdout, stderr: process.stderr };
process.exitCode = await main(process.argv.slice(2), context);
