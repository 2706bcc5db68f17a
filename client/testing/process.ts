import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** A `hailstream micro` that was started, or found. */
export type MicroProcess = { readonly url: string; stop(): Promise<void> };

const stopTimeoutMs = 5_000;
const maxSaidChars = 4_000;

/** Starts micro on a free port. It ends with this process, however that ends: its standard input is closed then. */
export async function startProcess(
  [program = "", ...words]: readonly string[],
  flags: readonly string[],
  timeoutMs: number,
): Promise<MicroProcess> {
  const fixed = ["micro", "--json", "--until-stdin-ends", "--micro-port", "0"];
  const child = spawn(program, [...words, ...fixed, ...flags], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", resolve).once("error", () => resolve()));
  // A write to a process that is gone already is no news.
  child.stdin?.on("error", () => undefined);
  try {
    const url = await readyLine(child, timeoutMs);
    release(child);
    return { url, stop: () => stop(child, ended) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Waits until a micro that somebody else started answers. */
export async function findProcess(url: string, timeoutMs: number): Promise<MicroProcess> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let why: string;
    try {
      const response = await fetch(`${url}/micro/all?limit=1`);
      if (response.ok) return { url, stop: async () => undefined };
      why = `HTTP ${response.status}; is this an ingest without micro?`;
    } catch (error) {
      why = String((error as { cause?: unknown }).cause ?? error);
    }
    if (Date.now() >= deadline) throw new Error(`No hailstream micro answers at ${url} within ${timeoutMs} ms: ${why}`);
    await sleep(100);
  }
}

/** The address in the line that micro prints when it is ready. */
function readyLine(child: ChildProcess, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = "";
    let said = "";
    const fail = (what: string) => reject(new Error(`hailstream micro ${what}${said === "" ? "" : `:\n${said}`}`));
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs);
    child.once("error", (error) => fail(`cannot be started (${error.message}); the option "command" says by what`));
    // Not at "exit": the last words may come behind it.
    child.once("close", (code) => fail(`ended with exit code ${code}`));
    child.stderr?.on("data", (data: Buffer) => {
      said = (said + data).slice(-maxSaidChars);
    });
    child.stdout?.on("data", (data: Buffer) => {
      line += data;
      const found = /^\{"ready":true.*"micro":"([^"]+)".*\n/m.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
}

/** Lets this process end although micro runs. */
function release(child: ChildProcess): void {
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as { unref?: () => void } | null)?.unref?.();
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.ref();
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
