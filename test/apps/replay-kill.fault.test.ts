import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase, markedParts, type ReadyLine } from "../../local/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";
import { greenHeader, greenRow, tripFiles } from "./fixtures.ts";

const tripFile = tripFiles();

const root = fileURLToPath(new URL("../..", import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-replay-kill-"));
const trips = 500;
/** Where everything is slow, so is this. */
const slowly = { timeoutMs: 180_000 };

let up: ChildProcess;
let ready: ReadyLine;

beforeAll(async () => {
  const portBase = String(await findFreePortBase());
  up = hailstream("up", "--no-demo", "--json", "--data-dir", dataDir, "--port-base", portBase);
  const [line] = (await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line")) as [string];
  ready = JSON.parse(line) as ReadyLine;
});
afterAll(async () => {
  if (up?.exitCode === null) {
    up.kill("SIGTERM");
    await once(up, "exit");
  }
  rmSync(dataDir, { recursive: true, force: true });
});

function hailstream(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["main.ts", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  child.stderr.resume();
  return child;
}

async function storedLocations(): Promise<{ rows: number; distinct: number }> {
  let found = { rows: 0, distinct: 0 };
  await runAsOwner(ready.postgres, async (query) => {
    const [row] = await query<{ rows: string; ids: string }>(
      "select count(*) as rows, count(distinct event_id) as ids from events.driver_location",
    );
    found = { rows: Number(row?.rows), distinct: Number(row?.ids) };
  });
  return found;
}

async function kill(name: string): Promise<void> {
  const pidNow = () => markedParts(dataDir).find((part) => part.name === name)?.pid;
  // It may be starting again because of the one that was killed before.
  const pid = await eventually(() => {
    const found = pidNow();
    if (found !== undefined) process.kill(found, "SIGKILL");
    return found ?? false;
  }, slowly);
  await eventually(() => ![undefined, pid].includes(pidNow()), slowly);
}

/** Every station and the broker die in the middle of a replay; whoever runs them starts them again. */
test("kill -9 of sinks, broker, stream and ingest in the middle of a replay changes nothing but the time", async () => {
  const rows = Array.from({ length: trips }, (_, i) => {
    const minute = String(i % 60).padStart(2, "0");
    const hour = String(8 + Math.floor(i / 60)).padStart(2, "0");
    return greenRow({ pickup: `2015-01-05 ${hour}:${minute}:00`, dropoff: `2015-01-05 ${hour}:${minute}:59` });
  });
  const file = tripFile([greenHeader, ...rows]);
  const replay = hailstream("replay", file, "--speed", "0", "--json", "--data-dir", dataDir, "--wait-seconds", "300");
  const lines: string[] = [];
  createInterface({ input: replay.stdout as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
  const ended = once(replay, "close");

  await eventually(async () => (await storedLocations()).rows > 0, slowly);
  for (const part of ["sinks", "kafka", "stream", "ingest"]) await kill(part);
  await ended;

  const summary = JSON.parse(lines.at(-1) ?? "{}") as Record<string, number>;
  expect(summary).toMatchObject({ trips, rejected: 0 });
  expect(summary.accepted).toBe(summary.sent);
  expect(summary.rows).toBe(summary.sent);
  const stored = await storedLocations();
  expect(stored.rows).toBe(stored.distinct);
});
