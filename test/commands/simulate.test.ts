import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { SimulationSummary } from "../../commands/simulate-summary.ts";
import type { Schemas } from "../../schemas/index.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";
import { eventually } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const closers: (() => void)[] = [];
let schemas: Schemas;
beforeAll(async () => {
  const started = await startOfflineSchemas();
  schemas = started.schemas;
  return started.stop;
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Posted = {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly time: string;
  readonly data: object;
};

/** The other side of the wire: it checks by the real schemas and knows what it has stored. Or it answers everything with one status. */
async function openDoor(status = 207) {
  const stored = new Map<string, Posted>();
  const refused = new Map<string, Posted>();
  /** How far the clock of a driver's phone is ahead, ms, by the driver's number. */
  const clocks = new Map<string, number>();
  const seen = { requests: 0, events: 0, stored, refused, clocks, sentAt: [] as number[] };
  const judge = (event: Posted) => {
    seen.events += 1;
    if (stored.has(event.id)) return "duplicate";
    const good = schemas.catalogue.types.has(event.type) && schemas.check(event.type, event.data).length === 0;
    (good ? stored : refused).set(event.id, event);
    return good ? "accepted" : "rejected";
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.requests += 1;
      const ahead = Number(request.headers["sent-at"]) - Date.now();
      seen.sentAt.push(ahead);
      const bytes = Buffer.concat(chunks);
      const text = String(request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes);
      const events = JSON.parse(text) as Posted[];
      for (const { source, data } of events) {
        const driver = /^drv_sim_\d+_(\d+)$/.exec(String((data as { driver_id?: unknown }).driver_id))?.[1];
        if (driver !== undefined && source.startsWith("/apps/driver/")) clocks.set(driver, ahead);
      }
      const results = status === 207 ? events.map((event) => ({ id: event.id, status: judge(event) })) : undefined;
      response.writeHead(status, { "retry-after": "1" }).end(JSON.stringify({ results }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function simulate(url: string, ...more: string[]) {
  const args = [
    "main.ts",
    "simulate",
    "--url",
    url,
    "--api-key",
    "key",
    "--drivers",
    "5",
    "--json",
    "--flush-interval-ms",
    "100",
  ];
  // Wherever a stack may run: nobody counts its rows.
  const child = spawn(process.execPath, [...args, "--wait-seconds", "0", ...more], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  closers.push(() => child.kill("SIGKILL"));
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({
    code,
    errors,
    summary: JSON.parse(output) as SimulationSummary,
  }));
  return { child, ended };
}

/** What became of the events, in all. */
function sumOf({ accepted, rejected, dropped, unanswered }: SimulationSummary): number {
  return accepted + rejected + unanswered + Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

test("runs for its duration at its rate, and the summary is what the server saw", async () => {
  const door = await openDoor();
  const { code, summary } = await simulate(door.url, "--rate", "200", "--duration-seconds", "2").ended;
  expect(code).toBe(0);
  // 3 cities, 5 drivers and 5 vehicles go ahead.
  expect(summary.sent).toBeLessThanOrEqual(400 + 13);
  // How many of the others come in time is a matter of the machine.
  expect(summary.sent).toBeGreaterThan(13);
  expect(summary).toMatchObject({
    accepted: door.seen.stored.size,
    rejected: 0,
    retried: 0,
    duplicates: 0,
    unanswered: 0,
  });
  expect(summary).toMatchObject({ sent: door.seen.events, requests: door.seen.requests, stored: null, ok: true });
});

test("with everything wrong at once each event is stored once or accounted for", async () => {
  const door = await openDoor();
  const shares = { offline: 0.5, "wrong-clock": 0.5, "old-version": 0.5, "lost-answer": 0.3, bad: 0.1 };
  const faults = Object.entries(shares).flatMap(([name, share]) => [`--${name}-share`, String(share)]);
  const run = simulate(
    door.url,
    "--rate",
    "300",
    "--duration-seconds",
    "3",
    "--drivers",
    "20",
    "--seed",
    "7",
    ...faults,
  );
  const { code, summary } = await run.ended;
  expect({ code, ok: summary.ok, sum: sumOf(summary) }).toEqual({ code: 0, ok: true, sum: summary.sent });
  const { stored, refused } = door.seen;
  expect(summary).toMatchObject({ accepted: stored.size, rejected: refused.size, bad: refused.size, unanswered: 0 });
  expect(summary.duplicates).toBeGreaterThan(0);
  expect(summary.retried).toBeGreaterThanOrEqual(summary.duplicates);
  expect(summary.offlineRequests).toBeGreaterThan(0);
  expect(summary.lostAnswers).toBeGreaterThan(0);
  // Some phones are of each kind, and not all of them.
  for (const count of [summary.wrongClocks, summary.oldVersions]) {
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(summary.phones);
  }
  expect(door.seen.sentAt.some((ms) => Math.abs(ms) > 50_000)).toBe(true);
  const versions = new Set([...stored.values()].map(({ source }) => source.split("/").at(-1)));
  expect(versions).toContain("5.0.0");
  expect(versions).toContain("7.4.0");
});

test("the same seed gives the same phones", async () => {
  /** Which of the first drivers have a wrong clock, in a run that goes on until enough of them were heard. */
  const kinds = async (seed: string) => {
    const door = await openDoor();
    const { clocks } = door.seen;
    const flags = ["--wrong-clock-share", "0.5", "--rate", "200", "--drivers", "40", "--seed", seed];
    const { child, ended } = simulate(door.url, ...flags);
    await eventually(() => heard.every((driver) => clocks.has(driver)));
    child.kill("SIGTERM");
    await ended;
    return heard.map((driver) => Math.abs(clocks.get(driver) ?? 0) > 50_000);
  };
  const heard = Array.from({ length: 20 }, (_, i) => String(i + 1).padStart(5, "0"));
  const [first, again, other] = [await kinds("3"), await kinds("3"), await kinds("4")];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test("SIGTERM ends it with code 0, and says what is still on the phones", async () => {
  const door = await openDoor();
  const { child, ended } = simulate(door.url, "--rate", "50");
  await eventually(() => door.seen.events > 20);
  child.kill("SIGTERM");
  const { code, summary } = await ended;
  expect(code).toBe(0);
  expect(summary.sent).toBe(sumOf(summary));
});

test("a server that says 503 for ever neither ends it nor holds up its end", async () => {
  const door = await openDoor(503);
  const { child, ended } = simulate(door.url, "--rate", "50");
  await eventually(() => door.seen.requests >= 3);
  child.kill("SIGTERM");
  const { code, summary } = await ended;
  expect(code).toBe(0);
  expect(summary).toMatchObject({ accepted: 0, rejected: 0 });
  expect(summary.unanswered).toBe(summary.sent);
});

test("a server that knows no such key ends it", async () => {
  const door = await openDoor(401);
  const { code, errors, summary } = await simulate(door.url, "--rate", "50").ended;
  expect(code).toBe(1);
  expect(errors).toContain("401");
  expect(summary.unanswered).toBe(summary.sent);
});
