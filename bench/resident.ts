import { readFileSync } from "node:fs";

/** The most memory that a running process ever held, in MB (10^6 bytes); undefined where there is no /proc. */
export function peakResidentMb(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round((Number(kilobytes) * 1_024) / 1_000_000);
  } catch {
    return undefined;
  }
}
