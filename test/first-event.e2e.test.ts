import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findFreePortBase } from "../local/index.ts";
import { readReadme } from "./support/readme.ts";
import { eventually } from "./support/wait.ts";

/** `npm run proof -- first-event`; it installs all packages, which is nothing for every run of the suite. */
const mostSeconds = Number(process.env.FIRST_EVENT_SECONDS ?? 0);
const folder = mkdtempSync(join(tmpdir(), "hailstream-first-"));
const clone = join(folder, "hailstream");

let start: ChildProcess | undefined;
let printed = "";

afterAll(async () => {
  if (start?.pid !== undefined && start.exitCode === null) {
    const ended = new Promise((finish) => start?.once("close", finish));
    process.kill(-start.pid, "SIGINT");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** The environment of somebody with a fresh shell: nothing of npm, vitest and this checkout; ports of our own, since others may be taken. */
async function freshEnvironment(): Promise<NodeJS.ProcessEnv> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|VITE_|NODE_|TEST$|HAILSTREAM_)/.test(name),
  );
  const path = (process.env.PATH ?? "").split(delimiter).filter((each) => !each.includes("node_modules"));
  return {
    ...Object.fromEntries(kept),
    PATH: path.join(delimiter),
    HAILSTREAM_LOCAL_PORT_BASE: String(await findFreePortBase()),
  };
}

test.skipIf(mostSeconds === 0)(
  "from a clone to a row of one's own, by the commands of the README",
  {
    timeout: 900_000,
  },
  async () => {
    const env = await freshEnvironment();
    const began = performance.now();
    const steps: string[] = [];
    let last = began;
    const step = (name: string) => {
      const now = performance.now();
      steps.push(`${name.padEnd(28)} ${((now - last) / 1_000).toFixed(1)} s\n`);
      last = now;
    };
    execFileSync("git", ["clone", "--quiet", resolve(import.meta.dirname, ".."), clone], { env });
    step("git clone");
    const { blockWith } = readReadme(clone);

    const bash = { cwd: clone, env, encoding: "utf8" } as const;
    start = spawn("bash", ["-c", `exec ${blockWith("npm start")}`], {
      ...{ cwd: clone, env, detached: true },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (data: Buffer) => {
      printed += data.toString();
    };
    start.stdout?.on("data", keep);
    start.stderr?.on("data", keep);
    const said = (words: string) =>
      eventually(
        () => {
          expect(start?.exitCode, printed).toBe(null);
          expect(printed).toContain(words);
        },
        { timeoutMs: 600_000 },
      );
    await said("building the console's page");
    step("npm start: npm ci");
    await said("Starting Kafka");
    step("npm start: console, fetch");
    await said("hailstream is ready");
    step("npm start: the pipeline");

    const variables = blockWith("hailstream env").split("\n")[0];
    const run = (block: string) => {
      const result = spawnSync("bash", ["-c", `set -e\n${variables}\n${block}`], { ...bash, timeout: 60_000 });
      expect(result.status, result.stderr).toBe(0);
      return result.stdout;
    };
    expect(JSON.parse(run(blockWith("my-first-event")))).toMatchObject({ accepted: 1 });
    step("env, curl");
    await eventually(
      () => expect(run(blockWith("from analytics.fct_driver_locations"))).toContain("my-first-event |"),
      {
        timeoutMs: 60_000,
      },
    );
    step("env, psql");
    const seconds = (performance.now() - began) / 1_000;
    const load = loadavg()
      .map((each) => each.toFixed(1))
      .join(", ");
    process.stdout.write(`from git clone to the row: ${seconds.toFixed(1)} s (load ${load})\n${steps.join("")}`);
    expect(seconds).toBeLessThan(mostSeconds);
  },
);
