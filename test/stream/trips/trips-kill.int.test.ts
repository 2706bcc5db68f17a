import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type OutgoingRecord, partitionOf } from "../../../kafka/index.ts";
import { eventually } from "../../support/wait.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";
import { start } from "./trips.ts";

/** How long processes are killed; `TRIPS_KILL_SECONDS=120` is the full length. */
const seconds = Number(process.env.TRIPS_KILL_SECONDS ?? 12);
const rebalanceEveryMs = 5_000;
const tripsASecond = 40;
const children = new Set<ChildProcess>();
let fixture: ProcessorFixture;
beforeAll(async () => {
  fixture = await createProcessorFixture("trips_kill");
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await fixture.stop();
});

/** A member of the group; one that dies by itself fails the test. */
type Member = { readonly child: ChildProcess; end(signal: NodeJS.Signals): Promise<void> };
function member(): Member {
  const file = fileURLToPath(new URL("trips-process.ts", import.meta.url));
  const args = [inject("kafka"), inject("registry"), fixture.cacheDir, fixture.prefix, fixture.db.sinkUrl];
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

const signal = (type: string, timeMs: number, data: Record<string, unknown>): OutgoingRecord => ({
  ...fixture.event(type, timeMs, data, { variant: "enriched" }),
  key: String(data.trip_id),
});
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

/** Of each trip the newest account. */
async function accounts() {
  const newest = new Map<string, Readonly<Record<string, unknown>>>();
  for (const account of await fixture.dataOf("trips")) {
    const known = newest.get(String(account.trip_id));
    if (known === undefined || Number(known.revision) < Number(account.revision))
      newest.set(String(account.trip_id), account);
  }
  return newest;
}

test("killed at random under load, with a member joining or leaving every five seconds: each trip is told as it was", async () => {
  const count = seconds * tripsASecond;
  const signals = Array.from({ length: count }, (_, number) => trip(number)).flat();
  signals.sort((a, b) => a.atMs - b.atMs);
  let members = [member(), member()];
  await Promise.all(members.map(({ child }) => once(child.stdout as NodeJS.ReadableStream, "data")));
  const began = performance.now();
  const over = () => performance.now() - began > seconds * 1_000;

  let kills = 0;
  const killing = (async () => {
    for (;;) {
      await delay(2_500 + Math.random() * 7_500);
      if (over() && kills > 0) return;
      const victim = members[Math.floor(Math.random() * members.length)] as Member;
      await victim.end("SIGKILL");
      kills++;
      members = [...members.filter((one) => one !== victim), member()];
    }
  })();
  let visits = 0;
  const visiting = (async () => {
    // Nobody waits for one who leaves: that takes as long as its work does.
    const gone: Promise<void>[] = [];
    let visitor: Member | undefined;
    for (;;) {
      await delay(began + (visits + 1) * rebalanceEveryMs - performance.now());
      if (over() && visits > 0) break;
      visits++;
      if (visitor !== undefined) gone.push(visitor.end("SIGTERM"));
      visitor = visitor === undefined ? member() : undefined;
    }
    if (visitor !== undefined) gone.push(visitor.end("SIGTERM"));
    await Promise.all(gone);
  })();
  // A second of events each second, a fifth of them twice.
  for (let at = 0; at < signals.length; ) {
    const until = start + (performance.now() - began);
    const some: OutgoingRecord[] = [];
    for (let one = signals[at]; one !== undefined && one.atMs <= until; one = signals[++at]) {
      some.push(one.record, ...(at % 5 === 0 ? [one.record] : []));
    }
    if (some.length > 0) await fixture.write("trip-signals", some);
    await delay(20);
  }
  await Promise.all([killing, visiting]);

  const right = { status: "completed", travel_seconds: 20, path_positions: 9, path_distance: 1_112 };
  await eventually(
    async () => {
      const newest = await accounts();
      expect(newest.size).toBe(count);
      const wrong = [...newest].filter(
        ([trip_id, account]) =>
          Object.entries(right).some(([name, value]) => account[name] !== value) ||
          account.fare_amount !== Number(trip_id.slice(4)) ||
          (account.missing as unknown[]).length > 0,
      );
      // Where several are wrong, it shows whether they lay beside one another.
      const where = ([trip_id, account]: (typeof wrong)[number]) => ({
        partition: partitionOf(trip_id, 6),
        ...account,
      });
      expect(wrong.map(where)).toEqual([]);
    },
    { timeoutMs: 120_000, everyMs: 1_000 },
  );
  // Each change of the group that comes about makes every partition be claimed anew, also those that stay where they are. Changes that come while the
  // group waits for a dead member are one.
  const [claims] = await fixture.db.owner.query<{ least: bigint }>(
    "select min(epoch) as least from pipeline.checkpoints",
  );
  process.stderr.write(
    `${count} trips of ${signals.length} signals in ${seconds} s: ${kills} kills, ${visits} visitors came or went, each partition was claimed at least ${claims?.least} times\n`,
  );
  expect(kills).toBeGreaterThan(0);
  expect(visits).toBeGreaterThanOrEqual(Math.floor((seconds * 1_000) / rebalanceEveryMs) - 1);
  expect(Number(claims?.least)).toBeGreaterThan(visits / 3);
  expect(died).toBe(0);
}, 600_000);
