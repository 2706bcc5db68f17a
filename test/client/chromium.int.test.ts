import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Client } from "../../client/index.ts";
import { headerText } from "../../kafka/index.ts";
import { type Door, openDoor, recordsOf } from "../ingest/door.ts";
import { eventually } from "../support/wait.ts";
import { oldClock } from "./old-clock.ts";

/** Where Debian and other distributions put it. */
const browser = [process.env.CHROMIUM_PATH ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== "" && existsSync(path),
);
const root = resolve(import.meta.dirname, "../..");

/** What the page of the test offers. */
type Page = { readonly hailstream: Client<Record<string, object>> };

let door: Door;
let server: Server;
let profile = "";
let time: ReturnType<typeof oldClock>;

/** The SDK as a page loads it, with what the test needs of it. */
async function bundleOf(offset: number): Promise<string> {
  const entry = `
    import { createClient, systemClock } from "${join(root, "client/index.ts")}";
    import { browserLifecycle } from "${join(root, "client/adapters/browser.ts")}";
    import { indexedDbStorage } from "${join(root, "client/adapters/indexeddb.ts")}";
    window.hailstream = createClient({
      url: location.origin,
      key: "${door.key}",
      source: "/apps/driver/web",
      storage: indexedDbStorage(),
      lifecycle: browserLifecycle(),
      flushIntervalMs: 100,
      clock: { ...systemClock, now: () => Date.now() - ${offset} },
    });`;
  const plugin = {
    name: "entry",
    resolveId: (id: string) => (id === "entry" ? id : null),
    load: (id: string) => (id === "entry" ? entry : null),
  };
  const bundle = await rolldown({ input: "entry", plugins: [plugin], logLevel: "silent" });
  const { output } = await bundle.generate({ format: "iife" });
  await bundle.close();
  return output[0].code;
}

/** The page, and behind the same address ingest, as a reverse proxy shows them. */
function serve(script: string): Promise<Server> {
  const made = createServer(async (request, response) => {
    if (request.method === "GET") {
      response.setHeader("content-type", request.url === "/app.js" ? "text/javascript" : "text/html");
      response.end(request.url === "/app.js" ? script : '<!doctype html><script src="/app.js"></script>');
      return;
    }
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const names = ["authorization", "content-type", "content-encoding", "sent-at"] as const;
    const headers = names.flatMap((name): [string, string][] => {
      const value = request.headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    });
    const answer = await fetch(`${door.url}${request.url}`, { method: "POST", headers, body: Buffer.concat(body) });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  return new Promise((done) => made.listen(0, "127.0.0.1", () => done(made)));
}

beforeAll(async () => {
  if (browser === undefined) return;
  time = oldClock();
  door = await openDoor({ kafka: inject("kafka"), registry: inject("registry") });
  server = await serve(await bundleOf(Date.now() - time.clock.now()));
  profile = await mkdtemp(join(tmpdir(), "hailstream-chromium-"));
});

afterAll(async () => {
  if (browser === undefined) return;
  server.closeAllConnections();
  server.close();
  await door.close();
  await rm(profile, { recursive: true, force: true });
});

async function openPage(context: BrowserContext) {
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return page;
}

test("a page goes offline, its browser is closed, and opens again: nothing is lost", async ({ skip }) => {
  skip(browser === undefined, "There is no Chromium: apt-get install chromium, or CHROMIUM_PATH");
  const start = () =>
    chromium.launchPersistentContext(profile, {
      executablePath: browser as string,
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
  // Runs in the page.
  const trackAll = async ([first, last]: readonly [number, number]) => {
    const { hailstream } = globalThis as unknown as Page;
    const tracked = [];
    for (let n = first; n <= last; n++) {
      tracked.push(hailstream.track("driver.location", { driver_id: "drv_web", latitude: 1, longitude: 2 }, String(n)));
    }
    const kept = await Promise.all(tracked.map((one) => one.kept));
    return { ids: tracked.map(({ id }) => id), kept: [...new Set(kept)] };
  };
  let context = await start();
  let wanted: string[] = [];
  try {
    const page = await openPage(context);
    const online = await page.evaluate(trackAll, [1, 20] as const);
    await eventually(() => page.evaluate(() => (globalThis as unknown as Page).hailstream.status().delivered === 20));
    await context.setOffline(true);
    const offline = await page.evaluate(trackAll, [21, 120] as const);
    expect(offline.kept).toEqual(["stored"]);
    wanted = [...online.ids, ...offline.ids];
    expect(await page.evaluate(() => (globalThis as unknown as Page).hailstream.status().waiting)).toBe(100);
  } finally {
    await context.close();
  }

  context = await start();
  try {
    const page = await openPage(context);
    await eventually(async () =>
      expect(await page.evaluate(() => (globalThis as unknown as Page).hailstream.status())).toMatchObject({
        ...{ delivered: 100, waiting: 0, dropped: {} },
      }),
    );
    // What is tracked in the very moment in which the page goes leaves with it.
    const last = await page.evaluate(() => {
      const { id } = (globalThis as unknown as Page).hailstream.track(
        "driver.location",
        { driver_id: "drv_web", latitude: 1, longitude: 2 },
        "121",
      );
      return id;
    });
    await page.close({ runBeforeUnload: true });
    wanted.push(last);
    const records = await recordsOf(door.connection, ["driver-locations"], time.prefix, wanted.length);
    expect(records.map((record) => headerText(record, "ce_id")).sort()).toEqual([...wanted].sort());
    const order = records.map((record) => Number(headerText(record, "ce_subject")));
    expect(order).toEqual(Array.from({ length: 121 }, (_, n) => n + 1));
  } finally {
    await context.close();
  }
});
