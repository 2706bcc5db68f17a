import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { createSchemas, envelopeHeaders, type Schemas, schemaOptions } from "../../../schemas/index.ts";
import { createTestDatabase, type TestDatabase } from "../../sinks/pipeline.ts";
import { eventually } from "../../support/wait.ts";
import { createFixture, type Fixture } from "../fixture.ts";
import { start } from "./trips.ts";

/** How long processes are killed; `TRIPS_KILL_SECONDS=120` is the full length. */
const seconds = Number(process.env.TRIPS_KILL_SECONDS ?? 12);
const everySeconds = 5;
const tripsASecond = 40;
const cacheDir = mkdtempSync(join(tmpdir(), "hailstream-trips-kill-"));
const children = new Set<ChildProcess>();
let fixture: Fixture;
let schemas: Schemas;
let db: TestDatabase;
beforeAll(async () => {
  fixture = await createFixture(inject("kafka"));
  db = await createTestDatabase("trips_kill");
  const flags = { "registry-url": inject("registry"), "registry-cache-dir": cacheDir };
  const options = readOptions(schemaOptions, { flags });
  schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  await schemas.start(() => undefined);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await schemas.stop();
  await fixture.stop();
  await db.drop();
  rmSync(cacheDir, { recursive: true, force: true });
});

/** A member of the group; one that dies by itself fails the test. */
function member(): { readonly child: ChildProcess; end(signal: NodeJS.Signals): Promise<void> } {
  const file = fileURLToPath(new URL("trips-process.ts", import.meta.url));
  const args = [inject("kafka"), inject("registry"), cacheDir, fixture.prefix, db.sinkUrl];
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  const gone = once(child, "exit");
  let expected = false;
  void gone.then(() => {
    children.delete(child);
    if (!expected) died++;
  });
  return {
    child,
    async end(signal) {
      expected = true;
      child.kill(signal);
      await gone;
    },
  };
}
let died = 0;

let sequence = 0;
function signal(type: string, timeMs: number, data: Record<string, unknown>): OutgoingRecord {
  const envelope = {
    id: `e-${++sequence}`,
    type,
    source: "/test",
    time: new Date(timeMs).toISOString(),
    receivedAt: timeMs,
  };
  return {
    key: String(data.trip_id),
    value: schemas.encode(type, data, "enriched"),
    headers: envelopeHeaders(envelope),
  };
}
/** A trip of 20 seconds with a position each two, one degree of latitude in 1,000 parts apart. */
function trip(number: number): { readonly atMs: number; readonly record: OutgoingRecord }[] {
  const [trip_id, at, driver_id] = [`trp_${number}`, start + number * (1_000 / tripsASecond), `drv_${number}`];
  const place = (k: number) => ({ latitude: 40.7 + k / 1_000, longitude: -74 });
  const fare = { fare_amount: number, fare_currency: "USD" };
  const signals: [string, number, Record<string, unknown>][] = [
    ["trip.requested", 0, { trip_id, rider_id: "rdr_1", ...place(0) }],
    ["trip.accepted", 300, { trip_id, driver_id, rider_id: "rdr_1" }],
    ["trip.driver_arrived", 700, { trip_id, driver_id }],
    ["trip.started", 1_000, { trip_id, driver_id, ...place(0) }],
    ...Array.from({ length: 9 }, (_, k): [string, number, Record<string, unknown>] => [
      "driver.location",
      1_000 + (k + 1) * 2_000,
      { trip_id, driver_id, ...place(k + 1) },
    ]),
    ["trip.completed", 21_000, { trip_id, driver_id, ...place(10), ...fare }],
  ];
  return signals.map(([type, after, data]) => ({ atMs: at + after, record: signal(type, at + after, data) }));
}

test("killed at random under load, with members coming and going: each trip is told as it was", async () => {
  const count = seconds * tripsASecond;
  const signals = Array.from({ length: count }, (_, number) => trip(number)).flat();
  signals.sort((a, b) => a.atMs - b.atMs);
  let members = [member(), member()];
  await Promise.all(members.map(({ child }) => once(child.stdout as NodeJS.ReadableStream, "data")));

  let kills = 0;
  const chaos = (async () => {
    for (let second = 0; second < seconds; second += everySeconds) {
      await delay(everySeconds * 1_000 * (0.5 + Math.random() / 2));
      // One dies and another takes its place; every second time one leaves in order instead.
      const victim = members[Math.floor(Math.random() * members.length)] as (typeof members)[number];
      await victim.end(kills++ % 2 === 0 ? "SIGKILL" : "SIGTERM");
      members = [...members.filter((one) => one !== victim), member()];
    }
  })();
  // A second of events each second, a fifth of them twice.
  const began = performance.now();
  for (let at = 0; at < signals.length; ) {
    const until = start + (performance.now() - began);
    const some: OutgoingRecord[] = [];
    for (let one = signals[at]; one !== undefined && one.atMs <= until; one = signals[++at]) {
      some.push(one.record, ...(at % 5 === 0 ? [one.record] : []));
    }
    if (some.length > 0) await fixture.write("trip-signals", some);
    await delay(20);
  }
  await chaos;

  const fares = async () => {
    const records = await fixture.readAll("trips");
    const accounts = await Promise.all(records.map(({ value }) => schemas.decode(value ?? Buffer.alloc(0))));
    const newest = new Map<string, Record<string, unknown>>();
    for (const one of accounts) {
      if (!one.ok) throw new Error(one.reason);
      const before = newest.get(String(one.value.trip_id));
      if (before === undefined || Number(before.revision) < Number(one.value.revision))
        newest.set(String(one.value.trip_id), one.value);
    }
    return newest;
  };
  await eventually(
    async () => {
      const newest = await fares();
      expect(newest.size).toBe(count);
      for (const [trip_id, account] of newest) {
        expect(account).toMatchObject({
          ...{ status: "completed", missing: [], travel_seconds: 20, fare_amount: Number(trip_id.slice(4)) },
          ...{ path_positions: 9, path_distance: 1_112 },
        });
      }
    },
    { timeoutMs: 120_000, everyMs: 1_000 },
  );
  expect(kills).toBeGreaterThanOrEqual(Math.floor(seconds / everySeconds));
  expect(died).toBe(0);
  process.stderr.write(`${count} trips of ${signals.length} signals, ${kills} ends of processes in ${seconds} s\n`);
}, 600_000);
