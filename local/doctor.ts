import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { errorTable, messageOf, PipelineError } from "../runtime/index.ts";
import { type Environment, kafkaLibraries, postgresPrograms, registryJar } from "./artefacts.ts";
import { supervisorOf } from "./data-dir.ts";
import { findJava, oldestJava } from "./java.ts";
import { type Ports, requireFreePort } from "./ports.ts";
import { findUnprivileged } from "./unprivileged.ts";

/** One thing that the local stack needs, and what to do when it is not so. */
export type Check = {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix?: string;
};

type DoctorParts = {
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly ports: Ports;
  readonly env: Environment;
};

const gigabyte = 1024 ** 3;

/** Looks at everything that the local stack needs, without changing anything. Never throws: a failed look is a failed check. */
export async function examine({ dataDir, cacheDir, ports, env }: DoctorParts): Promise<readonly Check[]> {
  const running = supervisorOf(dataDir);
  return Promise.all([
    look("Node.js", "Start it through npm or npx, which bring Node 24 along.", () => {
      const major = Number(process.versions.node.split(".")[0]);
      return { ok: major >= 24, found: process.version };
    }),
    look("Java", errorTable.local_java_unusable.remedy, async () => {
      const { major, words } = await findJava(env);
      return { ok: major >= oldestJava, found: words };
    }),
    look("Kafka", errorTable.local_artefact_missing.remedy, () => ({ ok: true, found: kafkaLibraries(cacheDir) })),
    look("schema registry", errorTable.local_artefact_missing.remedy, () => ({
      ok: true,
      found: registryJar(cacheDir),
    })),
    look("Postgres", errorTable.local_artefact_missing.remedy, () => ({ ok: true, found: postgresPrograms() })),
    look("user for Postgres", errorTable.local_root_refused.remedy, async () => {
      const { prefix } = await findUnprivileged();
      return { ok: true, found: prefix[0] === undefined ? "the calling user" : `root, by ${prefix[0]}` };
    }),
    look("data directory", "Give one that you may write with --data-dir.", () => {
      accessSync(existing(dataDir), constants.W_OK);
      return { ok: true, found: dataDir };
    }),
    look("disk space", "Free at least 1 GB, or choose another disk with --data-dir.", () => {
      const { bavail, bsize } = statfsSync(existing(dataDir));
      return { ok: bavail * bsize >= gigabyte, found: `${((bavail * bsize) / gigabyte).toFixed(1)} GB free` };
    }),
    look("memory", "The stack takes about 1.5 GB; close something.", () => {
      return { ok: totalmem() >= 2 * gigabyte, found: `${(totalmem() / gigabyte).toFixed(1)} GB` };
    }),
    ...Object.entries(ports).map(([part, port]) =>
      look(`port ${port} (${part})`, "Stop the program that has it, or move the stack with --port-base.", async () => {
        if (running !== undefined) return { ok: true, found: `the stack runs (process ${running})` };
        await requireFreePort(part, port);
        return { ok: true, found: "free" };
      }),
    ),
  ]);
}

async function look(
  name: string,
  fix: string,
  see: () => Promise<{ ok: boolean; found: string }> | { ok: boolean; found: string },
): Promise<Check> {
  try {
    const { ok, found } = await see();
    return ok ? { name, ok, found } : { name, ok, found, fix };
  } catch (error) {
    return {
      name,
      ok: false,
      found: error instanceof PipelineError ? error.message : firstLine(messageOf(error)),
      fix,
    };
  }
}

const firstLine = (text: string) => text.split("\n")[0] ?? "";

/** The directory itself, or the nearest one above it that is there. */
function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}
