import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** A process that may have outlived whoever started it: its number, and what tells it from a later process of the same number. */
export type ProcessMark = {
  readonly pid: number;
  readonly identity: string;
  /** The signal that asks it to stop. */
  readonly stopSignal: "SIGINT" | "SIGTERM";
};

const markShape = z.object({
  pid: z.number().int(),
  identity: z.string(),
  stopSignal: z.enum(["SIGINT", "SIGTERM"]),
});

/**
 * What distinguishes a running process from every other that had or will have its number: the boot and the time of its
 * start. It does not change when the process executes another program. Undefined when there is no such process.
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== "linux") {
    try {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
    } catch {
      return undefined;
    }
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name stands in brackets and may hold anything, so the fields are counted from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the marked process still runs. */
export function isAlive(mark: ProcessMark): boolean {
  return identityOf(mark.pid) === mark.identity;
}

/**
 * Marks a process in a file.
 * @throws an EEXIST error when `exclusive` and the file is there already
 */
export function writeMark(
  file: string,
  pid: number,
  options: { readonly stopSignal?: ProcessMark["stopSignal"]; readonly exclusive?: boolean } = {},
): void {
  const mark: ProcessMark = { pid, identity: identityOf(pid) ?? "", stopSignal: options.stopSignal ?? "SIGTERM" };
  writeFileSync(file, JSON.stringify(mark), { flag: options.exclusive === true ? "wx" : "w" });
}

/** The mark in a file, or undefined when there is none or it cannot be read. */
export function readMark(file: string): ProcessMark | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return markShape.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Ends the process that a file marks, when it is still the same one, and removes the file. Politely at first, by force
 * after `patienceMs`. Tells the number of the process that was ended.
 */
export async function endMarked(file: string, patienceMs = 5_000): Promise<number | undefined> {
  const mark = readMark(file);
  const ended = mark !== undefined && isAlive(mark);
  if (ended) {
    signal(mark.pid, mark.stopSignal);
    const forceAt = Date.now() + patienceMs;
    while (isAlive(mark)) {
      if (Date.now() > forceAt) signal(mark.pid, "SIGKILL");
      await sleep(20);
    }
  }
  rmSync(file, { force: true });
  return ended ? mark.pid : undefined;
}

/** Sends a signal to a process group led by `pid`, or to the process alone when it leads none; a process that has gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, name);
      return;
    } catch {
      // ESRCH: no such group or process.
    }
  }
}
