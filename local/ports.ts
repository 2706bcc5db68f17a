import { createServer } from "node:net";
import { PipelineError } from "../runtime/index.ts";

/** The listening ports of one stack. Everything listens on 127.0.0.1. */
export type Ports = {
  readonly ingest: number;
  readonly registry: number;
  readonly kafka: number;
  readonly kafkaController: number;
  readonly postgres: number;
  readonly streamMetrics: number;
  readonly statefulMetrics: number;
  readonly sinksMetrics: number;
  readonly auditMetrics: number;
  readonly console: number;
};

const defaults: Ports = {
  ingest: 8080,
  registry: 8081,
  kafka: 9092,
  kafkaController: 9093,
  postgres: 5433,
  streamMetrics: 8085,
  statefulMetrics: 8087,
  sinksMetrics: 8086,
  auditMetrics: 8088,
  console: 8090,
};

const offsets: Ports = {
  ingest: 0,
  registry: 1,
  kafka: 2,
  kafkaController: 3,
  postgres: 4,
  streamMetrics: 5,
  statefulMetrics: 7,
  sinksMetrics: 6,
  auditMetrics: 8,
  console: 10,
};

/** The ports of a stack: the usual ones, or `base` plus a fixed offset each. */
export function portsFrom(base: number | undefined): Ports {
  if (base === undefined) return defaults;
  const entries = Object.entries(offsets).map(([name, offset]) => [name, base + offset]);
  return Object.fromEntries(entries) as Ports;
}

/** @throws PipelineError port_taken, naming the part, the port and the option, when another program listens there. */
export async function requireFreePort(part: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE") return reject(cause);
      const message = `Port ${port} of ${part} is taken by another program: stop it, or move the whole stack with --port-base`;
      reject(new PipelineError("port_taken", { message, fields: { port, option: "--port-base" } }));
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}

/**
 * A base from which every port of a stack is free at this moment. Below the ports that systems hand out to outgoing connections (from 32,768
 * on by Linux): one of these may take the port of a part that is away for a while, which then cannot come back.
 */
export async function findFreePortBase(from = 12_000, to = 32_000): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const base = from + 16 * Math.floor((Math.random() * (to - from)) / 16);
    const checks = Object.entries(portsFrom(base)).map(([part, port]) => requireFreePort(part, port));
    const results = await Promise.allSettled(checks);
    if (results.every((result) => result.status === "fulfilled")) return base;
  }
  throw new PipelineError("port_taken", { message: `There is no free range of ports between ${from} and ${to}` });
}
