import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openSpoolLog, type SpoolLog, type SpoolLogParts } from "./spool-log.ts";

const named = /^worker-(\d+)$/;

/** Where the spool of a process lies; `worker` is its number, 1 when there is just one. */
export const spoolDir = (dataDir: string, worker: number) => join(dataDir, `worker-${worker}`, "spool");

/**
 * The spools of workers whose numbers are above `workers`: there were more processes once. The first worker sends what they hold.
 * @throws the error of the file system, unless the directory is not there yet
 */
export async function orphanedSpools(dataDir: string, workers: number): Promise<string[]> {
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const numbers = names.flatMap((name) => named.exec(name)?.[1] ?? []).map(Number);
  const orphans = numbers.filter((number) => number > workers).sort((a, b) => a - b);
  const dirs: string[] = [];
  for (const number of orphans) {
    const entries = await readdir(join(dataDir, `worker-${number}`));
    if (entries.includes("spool")) dirs.push(spoolDir(dataDir, number));
  }
  return dirs;
}

/** Opens those that hold something, and removes the others. */
export async function adoptSpools(
  dirs: readonly string[],
  parts: Omit<SpoolLogParts, "dir" | "openFile">,
): Promise<readonly SpoolLog[]> {
  const spools: SpoolLog[] = [];
  for (const dir of dirs) {
    const spool = await openSpoolLog({ ...parts, dir });
    if (spool.events > 0) spools.push(spool);
    else await spool.remove();
  }
  return spools;
}
