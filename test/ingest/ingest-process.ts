import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findFreePortBase, portsFrom } from "../../local/index.ts";
import { allocatorVariables, nodeFlags } from "../../runtime/launch.ts";
import type { Watched } from "./watch-process.ts";

/** `hailstream ingest` as users run it, which can be killed and started again at the same address. */
export type IngestProcess = {
  readonly url: string;
  start(): Promise<void>;
  /** As the machine does it: nothing is told, nothing is finished. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** The most memory that any of the runs held, in bytes; Linux only, else 0. */
  peakBytes(): number;
  /** The sum of a metric over its labels. */
  metric(name: string): Promise<number>;
  /** What the process saw of itself since the last look; it must have been started to be watched. */
  look(): Promise<Watched>;
  /** How the process ended, if it has. */
  readonly ended: string | undefined;
  /** What it has written to its log. */
  readonly logged: readonly string[];
};

/** Without the variables that set the size of a test: ingest refuses what is no option. */
const ownEnv = Object.entries(process.env).filter(([name]) => !name.startsWith("HAILSTREAM_"));
/** As main.ts is launched. */
const env = { ...Object.fromEntries(ownEnv), ...allocatorVariables };
/** A process that logs each request must not fill the memory of the test. */
const maxLogged = 1_000;
const watching = ["--expose-gc", `--import=${join(import.meta.dirname, "watch-process.ts")}`];

/**
 * @param flags with their dashes; the port is chosen by the first start and then kept.
 * @param watched whether `look` will be called; costs the process some microseconds each hundredth of a second
 */
export function ingestProcess(
  flags: readonly string[],
  { watched = false }: { readonly watched?: boolean } = {},
): IngestProcess {
  let child: ChildProcess | undefined;
  const logged: string[] = [];
  let url = "";
  let port: string | undefined;
  let peak = 0;

  const lookAtPeak = () => {
    try {
      const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child?.pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(kilobytes ?? 0) * 1024);
    } catch {
      // Another system, or it is dead.
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    lookAtPeak();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };

  return {
    get url() {
      return url;
    },
    async start() {
      // Not just any free one, which another program could be given while this one is dead.
      port ??= String(portsFrom(await findFreePortBase()).ingest);
      const args = [
        ...nodeFlags,
        ...(watched ? watching : []),
        "main.ts",
        "ingest",
        "--json",
        "--ingest-port",
        port,
        "--log-level",
        "warn",
        ...flags,
      ];
      const stdio = ["ignore", "pipe", "pipe", ...(watched ? (["ipc"] as const) : [])] as const;
      child = spawn(process.execPath, args, { stdio: [...stdio], env });
      if (child.stdout === null || child.stderr === null) throw new Error("no standard output");
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (logged.length < maxLogged) logged.push(line);
        process.stderr.write(`${line}\n`);
      });
      for await (const line of createInterface({ input: child.stdout })) {
        url = (JSON.parse(line) as { ingest: string }).ingest;
        return;
      }
      throw new Error("ingest ended before it was ready");
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    get ended() {
      if (child === undefined || (child.exitCode === null && child.signalCode === null)) return undefined;
      return `exit code ${child.exitCode}, signal ${child.signalCode}`;
    },
    logged,
    async look() {
      if (child === undefined) throw new Error("it has not started");
      const answer = once(child, "message");
      child.send({ look: true });
      return (await answer)[0] as Watched;
    },
    peakBytes() {
      lookAtPeak();
      return peak;
    },
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
  };
}
