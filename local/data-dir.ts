import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { endMarked, isAlive, readMark, writeMark } from "./process-identity.ts";

const readyShape = z.object({
  ready: z.literal(true),
  ingest: z.string(),
  registry: z.string(),
  kafka: z.string(),
  postgres: z.string(),
  analyst: z.string(),
  apiKey: z.string(),
  /** The base address of the connectors' API. */
  connectors: z.string().optional(),
  /** The base address of the alerts' API; its paths begin with /alerts. */
  alerts: z.string().optional(),
  /** The address of the console, and the key that signs in to it. */
  console: z.string().optional(),
  consoleKey: z.string().optional(),
});

/** The line that says that a stack is ready; scripts rely on its names. */
export type ReadyLine = z.output<typeof readyShape>;

const supervisorFile = (dataDir: string) => join(dataDir, "run", "up.pid");
const stackFile = (dataDir: string) => join(dataDir, "stack.json");

/** The process that runs the stack of this directory, when there is one. */
export function supervisorOf(dataDir: string): number | undefined {
  const mark = readMark(supervisorFile(dataDir));
  return mark !== undefined && isAlive(mark) ? mark.pid : undefined;
}

/**
 * Takes the directory for this process. Gives the process that has it already, or undefined when it is ours now, and then
 * `releaseDataDir` gives it back.
 */
export function claimDataDir(dataDir: string): number | undefined {
  mkdirSync(join(dataDir, "run"), { recursive: true, mode: 0o700 });
  for (;;) {
    const holder = supervisorOf(dataDir);
    if (holder !== undefined) return holder;
    rmSync(supervisorFile(dataDir), { force: true });
    try {
      writeMark(supervisorFile(dataDir), process.pid, { exclusive: true });
      return undefined;
    } catch (error) {
      // Another process was quicker between the look and the writing: look again.
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}

/** Ends the process that runs the stack of this directory, which stops all its parts. Gives its number, if there was one. */
export function stopSupervisor(dataDir: string): Promise<number | undefined> {
  return endMarked(supervisorFile(dataDir), 30_000);
}

export function releaseDataDir(dataDir: string): void {
  rmSync(stackFile(dataDir), { force: true });
  rmSync(supervisorFile(dataDir), { force: true });
}

/** Keeps the ready line, with passwords, for those who may read the directory. */
export function writeReadyLine(dataDir: string, line: ReadyLine): void {
  writeFileSync(`${stackFile(dataDir)}.new`, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  renameSync(`${stackFile(dataDir)}.new`, stackFile(dataDir));
}

/** The ready line of the running stack, or undefined while it starts and when none runs. */
export function readReadyLine(dataDir: string): ReadyLine | undefined {
  if (!existsSync(stackFile(dataDir)) || supervisorOf(dataDir) === undefined) return undefined;
  return readyShape.safeParse(JSON.parse(readFileSync(stackFile(dataDir), "utf8"))).data;
}

export type MarkedPart = { readonly name: string; readonly pid: number | undefined };

/** The parts that were started from this directory, by name, with the process of each that runs. */
export function markedParts(dataDir: string): readonly MarkedPart[] {
  return pidFiles(dataDir)
    .map((file) => {
      const mark = readMark(file);
      return { name: basename(file, ".pid"), pid: mark !== undefined && isAlive(mark) ? mark.pid : undefined };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Ends what a killed run has left behind: first the services, which then finish their work, at last Kafka and Postgres.
 * Gives the names of the parts that still ran.
 */
export async function endLeftovers(dataDir: string): Promise<readonly string[]> {
  const files = pidFiles(dataDir);
  const carriers = files.filter((file) => /(kafka(-\d)?|postgres)\.pid$/.test(file));
  const ended: string[] = [];
  for (const group of [files.filter((file) => !carriers.includes(file)), carriers]) {
    await Promise.all(
      group.map(async (file) => {
        if ((await endMarked(file)) !== undefined) ended.push(basename(file, ".pid"));
      }),
    );
  }
  return ended;
}

function pidFiles(dataDir: string): string[] {
  const run = join(dataDir, "run");
  if (!existsSync(run)) return [];
  const names = readdirSync(run).filter((name) => name.endsWith(".pid") && name !== basename(supervisorFile(dataDir)));
  return names.map((name) => join(run, name));
}
