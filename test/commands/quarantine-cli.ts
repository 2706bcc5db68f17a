import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { add } from "../../commands/quarantine.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** `hailstream quarantine …` within this process: what it prints, and its exit code when it asks for one. */
export async function runQuarantine(...words: readonly string[]): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  let code = 0;
  add(program, { env: {}, stdout, stderr }, (given) => {
    code = given;
  });
  await program.parseAsync(["quarantine", ...words], { from: "user" });
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}

/** The same as the process that users run. */
export function spawnQuarantine(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HAILSTREAM_")));
  const child = spawn(process.execPath, ["main.ts", "quarantine", ...words], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...clean, ...env },
  });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([code, out, err]): Ran => ({ code, out, err }),
  );
  return { child, ended };
}
