import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { AppEvent } from "../../apps/event.ts";
import { createHttpClient } from "../../apps/http-client.ts";
import { createLanes, laneOf } from "../../apps/lanes.ts";
import { createRandom } from "../../apps/random.ts";
import { silentLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";
import { someEvent } from "./fixtures.ts";

type Reply = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown } | "cut";

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** The other side of the wire: answers by the test's rule and keeps what came. */
async function openDoor(reply: (events: readonly AppEvent[], request: number) => Reply | Promise<Reply>) {
  const requests: { readonly events: readonly AppEvent[]; readonly headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", async () => {
      const events = JSON.parse(Buffer.concat(chunks).toString()) as AppEvent[];
      requests.push({ events, headers: request.headers });
      const answer = await reply(events, requests.length);
      if (answer === "cut") return request.socket.destroy();
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(JSON.stringify(answer.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUps.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function openLanes(
  url: string,
  options: { lanes?: number; batchSize?: number; timeoutMs?: number; maxWaiting?: number } = {},
) {
  const count = options.lanes ?? 4;
  const stored: string[] = [];
  const lanes = createLanes({
    client: createHttpClient({ url, apiKey: "key", connections: count, timeoutMs: options.timeoutMs ?? 60_000 }),
    lanes: count,
    batchSize: options.batchSize ?? 10,
    // The shortest waits: the test does not want to see them, only that there are attempts.
    random: () => 0,
    log: silentLogger,
    graceMs: 200,
    onAccepted: ({ event }) => stored.push(event.id),
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
  });
  cleanUps.unshift(() => lanes.stop());
  return { lanes, stored };
}

const accept = (events: readonly AppEvent[]): Reply => ({
  status: 202,
  body: { results: events.map((event) => ({ id: event.id, status: "accepted" })) },
});

test("posts batches as CloudEvents with the key", async () => {
  const door = await openDoor(accept);
  const { lanes } = openLanes(door.url, { lanes: 1, batchSize: 10 });
  for (let i = 0; i < 25; i += 1) lanes.submit(someEvent("drv_1", i));
  await lanes.drain();
  expect(door.requests.map(({ events }) => events.length)).toEqual([10, 10, 5]);
  expect(door.requests[0]?.headers).toMatchObject({
    authorization: "Bearer key",
    "content-type": "application/cloudevents-batch+json",
  });
  expect(lanes.tally).toEqual({ sent: 25, accepted: 25, quarantined: 0, rejected: 0, retried: 0, requests: 3 });
});

test("any trouble on the way: everything is stored, and each key's events in their order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = createRandom(seed);
      const stored = new Map<string, number[]>();
      const underWay = new Set<string>();
      const door = await openDoor(async (events) => {
        const keys = new Set(events.map((event) => event.id.split("-")[0] ?? ""));
        for (const key of keys) expect(underWay.has(key)).toBe(false);
        for (const key of keys) underWay.add(key);
        await new Promise((resolve) => setImmediate(resolve));
        for (const key of keys) underWay.delete(key);
        const chance = random();
        if (chance < 0.1) return { status: 503 };
        if (chance < 0.2) return { status: 429, headers: { "retry-after": "0" } };
        if (chance < 0.3) return "cut";
        for (const event of events) {
          const [key = "", number] = event.id.split("-");
          stored.set(key, [...(stored.get(key) ?? []), Number(number)]);
        }
        // Stored, but the answer is lost: the same events come again.
        return chance < 0.35 ? "cut" : accept(events);
      });
      const { lanes } = openLanes(door.url, { lanes: 3, batchSize: 7 });
      const events = 150;
      for (let i = 0; i < events; i += 1) {
        lanes.submit(someEvent(`key${i % 11}`, i));
        await lanes.room();
      }
      await lanes.drain();
      expect(lanes.tally).toMatchObject({ sent: events, accepted: events, rejected: 0 });
      const seen = [...stored.values()].map((numbers) => [...new Set(numbers)]);
      expect(seen.flat()).toHaveLength(events);
      for (const numbers of seen) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }),
    { numRuns: 15 },
  );
});

describe("the answer decides about each event", () => {
  test("207: rejected ones are counted with their reason, retry ones go again before what is behind them", async () => {
    const seen: string[][] = [];
    const door = await openDoor((events, request) => {
      seen.push(events.map((event) => event.id));
      if (request > 1) return accept(events);
      const results = [
        { status: "accepted" },
        { status: "rejected", code: "event_value_invalid", pointer: "/data/number", expected: "int", got: "string" },
        { status: "retry", code: "kafka_produce_failed" },
        { status: "quarantined" },
      ];
      return { status: 207, body: { results } };
    });
    const { lanes, stored } = openLanes(door.url, { lanes: 1, batchSize: 4 });
    for (let i = 0; i < 6; i += 1) lanes.submit(someEvent("k", i));
    await lanes.drain();
    expect(seen).toEqual([["k-0", "k-1", "k-2", "k-3"], ["k-2"], ["k-4", "k-5"]]);
    expect(lanes.tally).toMatchObject({ sent: 6, accepted: 5, quarantined: 1, rejected: 1, retried: 1 });
    expect(stored).toEqual(["k-0", "k-3", "k-2", "k-4", "k-5"]);
    const reason = { code: "event_value_invalid", pointer: "/data/number", message: "expected int, got string" };
    expect(lanes.rejections).toEqual([{ id: "k-1", type: "driver.status", reason }]);
  });

  test("503 with results: what was stored does not go again", async () => {
    const door = await openDoor((events, request) =>
      request > 1 ? accept(events) : { status: 503, body: { results: [{ status: "accepted" }, { status: "retry" }] } },
    );
    const { lanes } = openLanes(door.url, { lanes: 1 });
    lanes.submit(someEvent("k", 0));
    lanes.submit(someEvent("k", 1));
    await lanes.drain();
    expect(door.requests[1]?.events.map((event) => event.id)).toEqual(["k-1"]);
  });

  test("413: halves go, and an event that is too large alone is rejected", async () => {
    const door = await openDoor((events) =>
      events.length > 2 || events.some((event) => event.id === "k-3")
        ? { status: 413, body: { code: "request_body_too_large" } }
        : accept(events),
    );
    const { lanes, stored } = openLanes(door.url, { lanes: 1, batchSize: 8 });
    for (let i = 0; i < 8; i += 1) lanes.submit(someEvent("k", i));
    await lanes.drain();
    expect(lanes.tally).toMatchObject({ accepted: 7, rejected: 1 });
    expect(stored).toEqual([0, 1, 2, 4, 5, 6, 7].map((number) => `k-${number}`));
    expect(lanes.rejections[0]?.reason.code).toBe("request_body_too_large");
  });

  test("401: nothing is tried again and whoever waits is told", async () => {
    const door = await openDoor(() => ({ status: 401, body: { code: "request_api_key_unknown" } }));
    const { lanes } = openLanes(door.url);
    lanes.submit(someEvent("k", 0));
    await expect(lanes.drain()).rejects.toMatchObject({ code: "apps_request_refused", fields: { status: 401 } });
    await expect(lanes.room()).rejects.toMatchObject({ code: "apps_request_refused" });
    expect(door.requests).toHaveLength(1);
  });
});

test("no answer in time: the events go again with the same ids", async () => {
  const door = await openDoor((events, request) => (request === 1 ? new Promise<Reply>(() => {}) : accept(events)));
  const { lanes } = openLanes(door.url, { timeoutMs: 150 });
  lanes.submit(someEvent("k", 0));
  await lanes.drain();
  // An answer that a busy machine gives too late is asked for once more.
  expect(door.requests.length).toBeGreaterThan(1);
  for (const { events } of door.requests) expect(events.map((event) => event.id)).toEqual(["k-0"]);
});

test("room is made when the server takes events, so memory is bounded", async () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const door = await openDoor(async (events) => {
    await opened;
    return accept(events);
  });
  const { lanes } = openLanes(door.url, { lanes: 1, batchSize: 5, maxWaiting: 10 });
  for (let i = 0; i < 10; i += 1) lanes.submit(someEvent("k", i));
  let roomy = false;
  const room = lanes.room().then(() => {
    roomy = true;
  });
  await eventually(() => expect(door.requests).toHaveLength(1));
  expect(roomy).toBe(false);
  open();
  await room;
});

test("stop lets go of a server that does not answer", async () => {
  const door = await openDoor(() => new Promise<Reply>(() => {}));
  const { lanes } = openLanes(door.url, { timeoutMs: 60_000 });
  await lanes.start(() => {});
  lanes.submit(someEvent("k", 0));
  const drained = lanes.drain();
  await eventually(() => expect(door.requests).toHaveLength(1));
  await lanes.stop();
  await drained;
  expect(lanes.tally).toMatchObject({ sent: 1, accepted: 0 });
});

test("a key has one lane, and many keys spread over all", () => {
  const counts = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 8_000; i += 1) {
    const lane = laneOf(`drv_tlc_${i}`, 8);
    expect(laneOf(`drv_tlc_${i}`, 8)).toBe(lane);
    counts[lane] = (counts[lane] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(700);
});
