import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase, markedParts, type ReadyLine } from "../local/index.ts";
import { identityOf } from "../local/process-identity.ts";
import { runAsOwner } from "../store/index.ts";
import { eventually } from "./support/wait.ts";

const program = resolve(import.meta.dirname, "..", "main.ts");
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-up-"));
const portBase = String(await findFreePortBase());
const place = ["--data-dir", dataDir, "--port-base", portBase];

type Running = { readonly pid: number; readonly ended: Promise<number | null>; stdout(): string; stderr(): string };

function hailstream(...args: string[]): Running {
  const child = spawn(process.execPath, [program, ...args, ...place], { stdio: ["ignore", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => {
    written.stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    written.stderr += data.toString();
  });
  const ended = new Promise<number | null>((finish) => child.once("close", finish));
  return { pid: child.pid ?? 0, ended, stdout: () => written.stdout, stderr: () => written.stderr };
}

async function untilReady(up: Running): Promise<ReadyLine> {
  let code: number | null | undefined;
  void up.ended.then((value) => {
    code = value;
  });
  await eventually(() => up.stdout().includes("\n") || code !== undefined, { timeoutMs: 200_000 });
  expect(up.stdout(), up.stderr()).toMatch(/^\{"ready":true,.*\}\n$/);
  return JSON.parse(up.stdout()) as ReadyLine;
}

let up: Running;
let ready: ReadyLine;

beforeAll(async () => {
  up = hailstream("up", "--json", "--no-demo");
  ready = await untilReady(up);
});
afterAll(async () => {
  await hailstream("down").ended;
  rmSync(dataDir, { recursive: true, force: true });
});

/** Posts one safety event and gives its id. */
async function post(): Promise<string> {
  const id = randomUUID();
  const data = { sos_id: `sos_${id}`, person_id: "rdr_1", reported_by: "rider", latitude: 40.7, longitude: -74 };
  const event = { specversion: "1.0", id, type: "safety.sos", source: "/test", time: new Date().toISOString(), data };
  const response = await fetch(`${ready.ingest}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${ready.apiKey}` },
    body: JSON.stringify(event),
  });
  expect(response.status, await response.text()).toBe(202);
  return id;
}

/** How often the event is in its table, as the analyst sees it. */
async function rowsOf(id: string): Promise<number> {
  let count = 0;
  await runAsOwner(ready.analyst, async (query) => {
    const rows = await query<{ count: string }>("select count(*) from events.safety_sos where event_id = $1", [id]);
    count = Number(rows[0]?.count);
  });
  return count;
}

test("an event posted over HTTP is a row that the analyst sees", async () => {
  const id = await post();
  await eventually(async () => expect(await rowsOf(id)).toBe(1));
});

test("a second up on the same directory says that it runs and ends well", async () => {
  const second = hailstream("up", "--json");
  expect(await second.ended).toBe(0);
  expect(JSON.parse(second.stdout())).toEqual(ready);
  expect(second.stderr()).toContain("runs already");
});

test("status names every part and no password", async () => {
  // A part that stands still for a moment is not ready in it.
  const status = await eventually(async () => {
    const asked = hailstream("status", "--json");
    expect(await asked.ended, asked.stdout() + asked.stderr()).toBe(0);
    return asked;
  });
  const { state, parts } = JSON.parse(status.stdout()) as { state: string; parts: { name: string; pid?: number }[] };
  expect(state).toBe("ready");
  expect(parts.map((part) => part.name)).toEqual([
    "audit",
    "console",
    "ingest",
    "kafka",
    "postgres",
    "registry",
    "sinks",
    "stream",
    "stream-stateful",
  ]);
  expect(parts.every((part) => part.pid !== undefined)).toBe(true);
  expect(status.stdout()).not.toContain(ready.apiKey);
  expect(status.stdout()).not.toContain(ready.consoleKey);
  expect(status.stdout()).not.toContain("postgres://");
});

test("trace tells where an event is, from the door to the row, and the audit that all are there", async () => {
  const id = await post();
  await eventually(async () => expect(await rowsOf(id)).toBe(1), { timeoutMs: 180_000 });
  const found = hailstream("trace", id, "--json");
  expect(await found.ended, found.stderr()).toBe(0);
  const trace = JSON.parse(found.stdout()) as Record<string, unknown>;
  expect(trace).toMatchObject({ eventId: id, outcome: "stored", rows: [{ row: { event_id: id } }], waiting: null });
  expect(trace.records).toHaveLength(1);
  const words = hailstream("trace", id);
  expect(await words.ended).toBe(0);
  expect(words.stdout()).toMatch(
    /is stored\n.*ingest {6}accepted.*\n.*kafka {7}\S+ partition \d offset \d+, schema \d+\n/,
  );
  const nothing = hailstream("trace", "0198c0de-0000-7000-8000-00000000dead");
  expect(await nothing.ended).toBe(1);
  expect(nothing.stdout()).toContain("is not known");
  const audit = hailstream("audit", "--json");
  expect(await audit.ended, audit.stdout()).toBe(0);
  expect(JSON.parse(audit.stdout())).toMatchObject({ missing: [], extra: [], unnamed: [] });
});

test("services and the broker that are killed come back and carry events again", async () => {
  const before = markedParts(dataDir).filter((part) => ["ingest", "sinks", "kafka"].includes(part.name));
  for (const part of before) process.kill(part.pid ?? 0, "SIGKILL");
  await eventually(
    () => {
      const now = markedParts(dataDir);
      for (const old of before) {
        const part = now.find(({ name }) => name === old.name);
        expect(part?.pid).toBeDefined();
        expect(part?.pid).not.toBe(old.pid);
      }
    },
    { timeoutMs: 180_000 },
  );
  const id = await eventually(post, { timeoutMs: 180_000, everyMs: 200 });
  await eventually(async () => expect(await rowsOf(id)).toBe(1), { timeoutMs: 180_000 });
});

test("Ctrl-C stops everything and leaves no process", async () => {
  // One of them may just be starting again, as the broker was away before.
  const pids = await eventually(() => {
    const found = markedParts(dataDir).map((part) => part.pid ?? 0);
    return found.every((pid) => identityOf(pid) !== undefined) && found;
  });
  // Twice: npm start hands on the signal that the terminal has given to all already.
  process.kill(up.pid, "SIGINT");
  process.kill(up.pid, "SIGINT");
  expect(await up.ended).toBe(0);
  // Postgres takes this file away at the end of a proper stop.
  expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
  expect(pids.filter((pid) => identityOf(pid) !== undefined)).toEqual([]);
  expect(existsSync(join(dataDir, "stack.json"))).toBe(false);
});

test("after a kill of the whole program, the next start ends what was left and has the data", async () => {
  up = hailstream("up", "--json", "--no-demo");
  ready = await untilReady(up);
  const id = await post();
  await eventually(async () => expect(await rowsOf(id)).toBe(1));
  const orphans = markedParts(dataDir).map((part) => part.pid ?? 0);
  process.kill(up.pid, "SIGKILL");
  await up.ended;
  expect(orphans.some((pid) => identityOf(pid) !== undefined)).toBe(true);

  up = hailstream("up", "--json", "--no-demo");
  ready = await untilReady(up);
  expect(orphans.filter((pid) => identityOf(pid) !== undefined)).toEqual([]);
  expect(up.stderr()).toContain("earlier run left behind");
  expect(await rowsOf(id)).toBe(1);
  const down = hailstream("down");
  expect(await down.ended).toBe(0);
  expect(await up.ended).toBe(0);
});

test("doctor finds nothing wrong and says so as JSON", async () => {
  const doctor = hailstream("doctor", "--json");
  expect(await doctor.ended).toBe(0);
  const { ok, checks } = JSON.parse(doctor.stdout()) as { ok: boolean; checks: { name: string; ok: boolean }[] };
  expect(ok).toBe(true);
  expect(checks.map((check) => check.name)).toContain("Java");
});
