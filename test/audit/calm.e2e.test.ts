import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase, type ReadyLine } from "../../local/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";

/** `npm run proof -- calm` takes thirty. */
const minutes = Number(process.env.CALM_MINUTES ?? 0.6);
const program = resolve(import.meta.dirname, "../../main.ts");
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-calm-"));
const children: ChildProcess[] = [];
let ready: ReadyLine;

type Audit = {
  readonly checked: number;
  readonly missing: object[];
  readonly extra: object[];
  readonly unnamed: object[];
};

function hailstream(...args: string[]): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, [program, ...args, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

async function firstLine({ stdout }: { readonly stdout: NodeJS.ReadableStream }): Promise<string> {
  for await (const line of createInterface(stdout)) return line;
  throw new Error("it ended before it wrote a line");
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

async function query(sql: string): Promise<readonly Record<string, unknown>[]> {
  let rows: readonly Record<string, unknown>[] = [];
  await runAsOwner(ready.postgres, async (ask) => {
    rows = await ask(sql);
  });
  return rows;
}

/** Another process of the sinks: its coming and its going move partitions from one to the other. */
async function anotherSinks(): Promise<ChildProcess> {
  const parts = ["--kafka-brokers", ready.kafka, "--registry-url", ready.registry, "--postgres-url", ready.postgres];
  const sinks = hailstream("sinks", ...parts, "--sinks-metrics-port", "0");
  await firstLine(sinks);
  return sinks;
}

beforeAll(async () => {
  const up = hailstream("up", "--data-dir", dataDir, "--port-base", String(await findFreePortBase()));
  ready = JSON.parse(await firstLine(up)) as ReadyLine;
});

afterAll(async () => {
  for (const child of children.reverse()) await end(child, "SIGINT");
  rmSync(dataDir, { recursive: true, force: true });
});

test(
  "a city posts, sinks come, die and go: the audit, which looks all the time, finds nothing and wakes nobody",
  async () => {
    const quarter = (minutes * 60_000) / 4;
    await pass(quarter);
    const killed = await anotherSinks();
    await pass(quarter);
    await end(killed, "SIGKILL");
    const stopped = await anotherSinks();
    await pass(quarter);
    await end(stopped, "SIGINT");
    await pass(quarter);

    // Looked at as it goes: whatever the process that watches has told, and the alert it would have become.
    const told = await query(
      "select event_type, station, missing, extra, unnamed, missing_ids, extra_ids from events.pipeline_audit",
    );
    expect(told).toEqual([]);
    const health = "('audit-mismatch', 'consumer-lag', 'sink-rejections')";
    expect(await query(`select rule, status, summary from events.alert where rule in ${health}`)).toEqual([]);
    // It did look: each station has counted, and an audit of now agrees.
    const found = await eventually(
      async () => {
        const audit = JSON.parse(await firstLine(hailstream("audit", "--data-dir", dataDir))) as Audit;
        expect(audit.checked).toBeGreaterThan(100);
        return audit;
      },
      { timeoutMs: 180_000, everyMs: 1_000 },
    );
    expect(found).toMatchObject({ missing: [], extra: [], unnamed: [] });
    process.stdout.write(`calm: ${minutes} minutes, ${found.checked} events, nothing told\n`);
  },
  minutes * 60_000 + 600_000,
);
