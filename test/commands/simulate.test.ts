import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** The other side of the wire, which answers everything with one status. */
async function openDoor(status: number) {
  const seen = { events: 0, requests: 0 };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      seen.requests += 1;
      seen.events += (JSON.parse(body) as unknown[]).length;
      response.writeHead(status, { "retry-after": "1" }).end("{}");
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
  const args = ["main.ts", "simulate", "--url", url, "--api-key", "key", "--drivers", "5", "--json", ...more];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  closers.push(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({
    code,
    summary: JSON.parse(output) as Record<string, number>,
  }));
  return { child, ended };
}

test("runs for its duration at its rate, and the summary adds up with what the server saw", async () => {
  const door = await openDoor(202);
  const { code, summary } = await simulate(door.url, "--rate", "200", "--duration-seconds", "2").ended;
  expect(code).toBe(0);
  // 3 cities, 5 drivers and 5 vehicles go ahead.
  expect(summary.sent).toBeLessThanOrEqual(400 + 13);
  expect(summary.sent).toBeGreaterThan(300);
  expect(summary).toMatchObject({ accepted: door.seen.events, rejected: 0, retried: 0, unanswered: 0 });
}, 30_000);

test("SIGTERM ends it within a second with code 0", async () => {
  const door = await openDoor(202);
  const { child, ended } = simulate(door.url, "--rate", "50");
  await eventually(() => door.seen.events > 20, { timeoutMs: 20_000 });
  const began = performance.now();
  child.kill("SIGTERM");
  const { code, summary } = await ended;
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(code).toBe(0);
  expect(summary.sent).toBe((summary.accepted ?? 0) + (summary.unanswered ?? 0));
}, 30_000);

test("a server that says 503 for ever neither ends it nor holds up its end", async () => {
  const door = await openDoor(503);
  const { child, ended } = simulate(door.url, "--rate", "50");
  await eventually(() => door.seen.requests >= 3, { timeoutMs: 20_000 });
  child.kill("SIGTERM");
  const { code, summary } = await ended;
  expect(code).toBe(0);
  expect(summary).toMatchObject({ accepted: 0, rejected: 0 });
  expect(summary.unanswered).toBe(summary.sent);
}, 30_000);
