import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import {
  cacheDirFrom,
  createEmbedded,
  type EmbeddedStack,
  findFreePortBase,
  portsFrom,
  type StackAddresses,
} from "../../local/index.ts";
import { createLogger } from "../../runtime/index.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** host:port of the broker. */
    kafka: string;
    /** The base address of the registry's Confluent API. */
    registry: string;
    /** Postgres as the owner, who may create databases; with the database `hailstream`. */
    postgres: string;
    /** The same database as the role that writes events. */
    postgresSink: string;
    /** The same database as the role that reads events. */
    postgresAnalyst: string;
  }
}

export type TestStack = Required<StackAddresses> & {
  readonly stack: EmbeddedStack;
  /** Stops everything and removes the data. */
  stop(): Promise<void>;
};

/** Starts Kafka, the registry and Postgres on free ports with data of their own. */
export async function startTestStack(): Promise<TestStack> {
  const dataDir = mkdtempSync(join(tmpdir(), "hailstream-test-"));
  const ports = portsFrom(await findFreePortBase());
  const log = createLogger("test stack", "warn");
  const stack = await createEmbedded({ dataDir, cacheDir: cacheDirFrom(process.env), ports, env: process.env, log });
  const kill = () => stack.kill();
  process.once("exit", kill);
  try {
    await stack.start((cause) => log.error({ err: cause }, "a part of the test stack died"));
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  const { postgresSink = "", postgresAnalyst = "", ...addresses } = stack.addresses;
  return {
    ...addresses,
    postgresSink,
    postgresAnalyst,
    stack,
    async stop() {
      await stack.stop();
      process.off("exit", kill);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Called by vitest once for all files of the project: one stack for all of them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, stack: _stack, ...addresses } = await startTestStack();
  for (const [name, address] of Object.entries(addresses)) project.provide(name as keyof typeof addresses, address);
  return stop;
}
