import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

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
};

/** Without the variables that set the size of a test: ingest refuses what is no option. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HAILSTREAM_")));

/** @param flags with their dashes; the port is chosen by the first start and then kept. */
export function ingestProcess(flags: readonly string[]): IngestProcess {
  let child: ChildProcess | undefined;
  let url = "";
  let port = "0";
  let peak = 0;

  const look = () => {
    try {
      const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child?.pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(kilobytes ?? 0) * 1024);
    } catch {
      // Another system, or it is dead.
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    look();
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
      const args = [
        "--disable-warning=TimeoutNegativeWarning",
        "main.ts",
        "ingest",
        "--json",
        "--ingest-port",
        port,
        "--log-level",
        "warn",
        ...flags,
      ];
      child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env });
      if (child.stdout === null) throw new Error("no standard output");
      for await (const line of createInterface({ input: child.stdout })) {
        url = (JSON.parse(line) as { ingest: string }).ingest;
        port = new URL(url).port;
        return;
      }
      throw new Error("ingest ended before it was ready");
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    peakBytes() {
      look();
      return peak;
    },
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
  };
}
