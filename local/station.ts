import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allocatorVariables, type Logger, nodeFlags } from "../runtime/index.ts";
import type { Environment } from "./artefacts.ts";
import { type ChildService, createChildService } from "./child-process.ts";
import { requireFreePort } from "./ports.ts";
import { answers } from "./registry.ts";

const program = fileURLToPath(new URL("../hailstream.mjs", import.meta.url));

export type StationParts = {
  /** The command of the command line. */
  readonly command: string;
  /** Default: the command. */
  readonly name?: string;
  readonly args?: readonly string[];
  /** Options go as HAILSTREAM_* variables. */
  readonly env: Environment;
  /** Where it answers /ready; a station without one is ready as soon as it runs. */
  readonly port?: number;
  readonly dataDir: string;
  readonly log: Logger;
  readonly abort?: AbortSignal;
};

/** One of our own services as a process of its own, as in production; ready when its /ready answers 200. */
export function createStation(parts: StationParts): ChildService {
  const { command, name = command, port } = parts;
  return createChildService(
    {
      name,
      command: process.execPath,
      args: [...nodeFlags, program, command, ...(parts.args ?? [])],
      env: { ...allocatorVariables, ...parts.env },
      logFile: join(parts.dataDir, "logs", `${name}.log`),
      pidFile: join(parts.dataDir, "run", `${name}.pid`),
      // Services promise to be done within ten seconds of the request to stop.
      stopTimeoutMs: 11_000,
      // A broker that has just come up may refuse a group for a moment.
      startAttempts: 4,
      beforeStart: async () => {
        if (port !== undefined) await requireFreePort(name, port);
      },
      isReady: () => (port === undefined ? true : answers(`http://127.0.0.1:${port}/ready`)),
    },
    parts.log,
    parts.abort,
  );
}
