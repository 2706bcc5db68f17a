import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClient, memoryStorage, type Result } from "../../../client/index.ts";
import { type Micro, startMicro } from "../../../client/testing.ts";
import { eventually } from "../../support/wait.ts";
import { locationEvent } from "../knowledge.ts";

const root = resolve(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/micro.md"), "utf8");
/** The shell commands of docs/micro.md, in order. */
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] as string);
const command = [process.execPath, join(root, "main.ts")];
const port = await freePort();
const url = `http://127.0.0.1:${port}`;

/** Where everything is slow, so is this. */
const slowly = { timeoutMs: 60_000 };

let running: ChildProcess | undefined;
let said = "";
let micro: Micro;

/** Runs a block of the page with bash, on a port of our own. */
function run(block: string): string {
  const script = `set -e\n${block.replaceAll("9090", String(port))}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
    cwd: root,
    encoding: "utf8",
    timeout: 300_000,
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

beforeAll(async () => {
  // As a user calls it: by npx, in a shell.
  running = spawn("bash", ["-c", `exec ${blocks[0]}`], {
    cwd: root,
    env: { ...process.env, HAILSTREAM_MICRO_PORT: String(port), HAILSTREAM_MICRO_STAGE: "live" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running.stderr?.on("data", (data: Buffer) => {
    said += data;
  });
  micro = await startMicro({ url, startTimeoutMs: 240_000, timeoutMs: 60_000 });
});
beforeEach(() => micro.reset());
afterAll(async () => {
  if (running?.pid === undefined || running.exitCode !== null) return;
  const ended = new Promise((resolve) => running?.once("close", resolve));
  process.kill(-running.pid, "SIGINT");
  await ended;
});

async function post(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    body: (await response.json()) as { code?: string; results?: { status: string }[] },
  };
}

const event = (changes: Readonly<Record<string, unknown>> = {}) =>
  locationEvent({ id: randomUUID(), time: new Date().toISOString(), ...changes });

describe("the page", () => {
  test("has the blocks that this test runs, and no others", () => {
    expect(blocks.map((block) => block.split("\n")[0])).toEqual([
      "npx hailstream micro",
      expect.stringContaining("/v1/events"),
      expect.stringContaining("/micro/good?type=trip.rated"),
      expect.stringContaining("npx hailstream micro --micro-port 0 -- "),
    ]);
  });

  test("an event is posted, found and forgotten", async () => {
    expect(JSON.parse(run(blocks[1] as string))).toMatchObject({ accepted: 1 });
    const [good, bad, reset] = run(blocks[2] as string)
      .split(/(?<=\})(?=\{)/)
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(good).toMatchObject({ good: 1, events: [{ id: "rating-1", stored: { topic: "trip-events" } }] });
    expect(bad).toMatchObject({ bad: 0, events: [] });
    expect(reset).toMatchObject({ total: 0 });
    expect(await micro.all()).toEqual([]);
  });

  test("a command has it for as long as it runs", () => {
    expect(JSON.parse(run(blocks[3] as string))).toMatchObject({ total: 0, events: [] });
  });
});

describe("over HTTP", () => {
  test("good, quarantined, rejected, duplicate, oversized and malformed are told apart", async () => {
    const good = event();
    expect((await post(good)).body.results).toMatchObject([{ status: "accepted" }]);
    expect((await post(good)).body.results).toMatchObject([{ status: "duplicate" }]);
    const wrong = event({ data: { driver_id: "drv_1", latitude: 99, longitude: 0 } });
    expect((await post(wrong)).body.results).toMatchObject([{ status: "quarantined" }]);
    const atDesk = event({ data: { driver_id: "drv_1" } });
    expect((await post(atDesk, { prefer: "handling=strict" })).body.results).toMatchObject([{ status: "rejected" }]);
    const large = event({ data: { note: "x".repeat(40_000) } });
    expect((await post(large)).body.results).toMatchObject([{ status: "rejected" }]);
    expect(await post("{oops")).toMatchObject({ status: 400, body: { code: "request_json_invalid" } });
    expect(await post("x".repeat(5_000_000))).toMatchObject({ status: 413, body: { code: "request_body_too_large" } });

    expect((await micro.good()).map(({ id }) => id)).toEqual([good.id]);
    expect((await micro.bad({ count: 5 })).map(({ id, status, code }) => [id, status, code])).toEqual([
      [wrong.id, "quarantined", "event_number_out_of_range"],
      [atDesk.id, "rejected", "event_field_missing"],
      [large.id, "rejected", "event_text_too_long"],
      [undefined, "refused", "request_json_invalid"],
      [undefined, "refused", "request_body_too_large"],
    ]);
    expect((await micro.all({ id: String(good.id) })).map(({ status }) => status)).toEqual(["accepted", "duplicate"]);
    expect(await micro.counts()).toMatchObject({ total: 7, good: 1, bad: 5, quarantined: 1, duplicate: 1, dropped: 0 });
    await eventually(
      () => expect(said).toContain(`driver.location ${wrong.id} was quarantined: /data/latitude`),
      slowly,
    );

    await micro.reset();
    expect(await micro.counts()).toMatchObject({ total: 0, kept: 0 });
    expect((await post(good)).body.results).toMatchObject([{ status: "accepted" }]);
  });
});

describe("from the SDK", () => {
  test("every event is told, also the one that the SDK counts as delivered", async () => {
    const refused: Result[] = [];
    const client = createClient({
      ...{ url, key: "any", source: "/apps/driver/test", storage: memoryStorage() },
      onRefused: (_event, result) => refused.push(result),
    });
    const { id } = client.track("driver.location", { driver_id: "drv_1", latitude: 40.7, longitude: -74 });
    const wrong = client.track("driver.location", { driver_id: "drv_1", latitude: "north", longitude: -74 });
    await client.flush();
    expect(client.status()).toMatchObject({ waiting: 0, delivered: 2, quarantined: 1 });
    expect(await micro.good({ type: "driver.location", data: { latitude: 40.7 } })).toMatchObject([{ id }]);
    const [bad] = await micro.bad();
    expect(bad).toMatchObject({ id: wrong.id, status: "quarantined", warnings: [expect.any(String)] });
    expect(bad?.result).toEqual(refused[0]);
    await expect(micro.noBad()).rejects.toThrow(/latitude: expected a number, got "north"/);
    await client.close();
  });
});

describe("the process", () => {
  test("ends with whoever started it", async () => {
    const own = await startMicro({ command, startTimeoutMs: 240_000 });
    expect(await own.counts()).toMatchObject({ total: 0 });
    await own.stop();
    await expect(fetch(`${own.url}/live`)).rejects.toThrow();
    // A test run that is killed closes the pipe as well.
    const script = `import { startMicro } from "./client/testing.ts";
const { url } = await startMicro({ command: ${JSON.stringify(command)}, startTimeoutMs: 240_000 });
process.stdout.write(url + "\\n");
setInterval(() => undefined, 1_000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const orphan = await new Promise<string>((resolve) =>
      parent.stdout?.once("data", (text) => resolve(String(text).trim())),
    );
    expect((await fetch(`${orphan}/live`)).status).toBe(200);
    parent.kill("SIGKILL");
    await eventually(async () => {
      const answer = await fetch(`${orphan}/live`).catch(() => undefined);
      expect(answer).toBeUndefined();
    }, slowly);
  });

  test("ends as the command does that it runs for", () => {
    const runs = (...words: string[]) =>
      spawnSync(process.execPath, ["main.ts", "micro", "--micro-port", "0", "--", ...words], {
        cwd: root,
        encoding: "utf8",
      });
    expect(runs("sh", "-c", "exit 3").status).toBe(1);
    const missing = runs("/no/such/program");
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain("/no/such/program cannot be started");
  });

  test("a taken port and a wrong option are told with what to do", () => {
    const taken = spawnSync(process.execPath, ["main.ts", "micro", "--micro-port", String(port)], {
      cwd: root,
      encoding: "utf8",
    });
    expect(taken.status).toBe(1);
    expect(taken.stderr).toContain("--micro-port");
    const wrong = spawnSync(process.execPath, ["main.ts", "micro", "--micro-max-kept-events", "many"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("--micro-max-kept-events");
  });
});

describe("examples/app-tests", () => {
  const env = { ...process.env, NO_COLOR: "1", VITEST: undefined };
  const environment = { cwd: root, encoding: "utf8", timeout: 300_000, env } as const;

  const page = readFileSync(join(root, "examples/app-tests/README.md"), "utf8");
  test.each([...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] as string))("%s passes", (block) => {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", block], environment);
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toContain("3 passed");
  });

  test("with the fault that its page proposes they fail, and say where", () => {
    mkdirSync(join(root, ".hailstream"), { recursive: true });
    const copy = mkdtempSync(join(root, ".hailstream/app-tests-"));
    try {
      cpSync(join(root, "examples/app-tests"), copy, { recursive: true });
      const file = join(copy, "ratings.ts");
      const text = readFileSync(file, "utf8");
      expect(text).toContain("rating: stars");
      writeFileSync(file, text.replace("rating: stars", "rating: String(stars)"));
      const { status, stdout, stderr } = spawnSync("npx", ["vitest", "run", "--root", copy], environment);
      expect(status).toBe(1);
      expect(stdout + stderr).toContain('/data/rating: expected a whole number, got "4"');
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
