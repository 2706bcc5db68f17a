import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { holdToExitCodes } from "./exit-codes.ts";
import type { Block } from "./markdown.ts";

/** What a block printed, errors too, and how it ended: not with 0 when any of its commands did not, but for those that are to fail. */
export type Ran = { readonly status: number; readonly printed: string };

/** Follows pages as a reader does, block by block in one terminal: what one block sets the next one has. */
export type Terminal = {
  /** Runs shell commands, asks SQL of the database whose address a variable has, and writes a block that begins with a comment with a path into that file. */
  run(block: Pick<Block, "language" | "code">, database?: string): Promise<Ran>;
  /** Ends what blocks have started in the background. */
  close(): void;
};

/**
 * `npx` looks for a program in node_modules/.bin, and so does this: half a second less for each command. What is assigned is exported, as the next
 * block is another shell.
 */
const begin = 'set -eo pipefail\nnpx() { "$@"; }\nset -a\n';
/** For `export ID=$(…)` and `eval "$(…)"`, which end with 0 when the command inside fails. */
const noteFailures = (file: string) => `set -E\ntrap 'echo "exit code $?" >> "${file}"' ERR\n`;

export function openTerminal(cwd: string, first: NodeJS.ProcessEnv): Terminal {
  const bin = `${join(cwd, "node_modules", "node", "bin")}:${join(cwd, "node_modules", ".bin")}`;
  let env: NodeJS.ProcessEnv = { ...first, PATH: `${bin}:${first.PATH}` };
  const groups: number[] = [];
  mkdirSync(join(cwd, "test-report"), { recursive: true });
  // Each its own: what a block of another terminal left would be taken for this one's.
  const kept = mkdtempSync(join(cwd, "test-report", "terminal-"));
  let blocks = 0;
  const variables = join(kept, "variables");

  async function bash(script: string): Promise<Ran> {
    // A file of its own, since what stays in the background would hold a pipe open.
    const output = join(kept, `printed-${++blocks}`);
    const file = openSync(output, "w");
    const failures = `${output}-failures`;
    const child = spawn("bash", ["-c", `${begin}${noteFailures(failures)}${script}\nenv -0 > "${variables}"`], {
      ...{ cwd, env, detached: true, timeout: 300_000 },
      stdio: ["ignore", file, file],
    });
    closeSync(file);
    const status = await new Promise<number>((ended, failed) => {
      child.once("error", failed);
      child.once("exit", (code) => ended(code ?? 1));
    });
    if (child.pid !== undefined) groups.push(child.pid);
    const printed = readFileSync(output, "utf8");
    if (status === 0 && existsSync(failures)) return { status: 1, printed: printed + readFileSync(failures, "utf8") };
    if (status === 0) env = variablesOf(readFileSync(variables, "utf8"));
    return { status, printed };
  }

  return {
    async run({ language, code }, database = "DATABASE_URL") {
      const [, path] = /^(?:\/\/|#) (\S+\.(?:ts|yaml))\n/.exec(code) ?? [];
      if (path !== undefined) {
        mkdirSync(dirname(join(cwd, path)), { recursive: true });
        writeFileSync(join(cwd, path), code);
        return { status: 0, printed: "" };
      }
      if (language === "sh") return bash(holdToExitCodes(code));
      return bash(`psql "$${database}" -v ON_ERROR_STOP=1 <<'END_OF_SQL'\n${code}\nEND_OF_SQL`);
    },
    close() {
      for (const group of groups) {
        try {
          process.kill(-group, "SIGTERM");
        } catch (error) {
          // Nothing of it runs any more.
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
      }
    },
  };
}

function variablesOf(text: string): NodeJS.ProcessEnv {
  const lines = text.split("\0").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
