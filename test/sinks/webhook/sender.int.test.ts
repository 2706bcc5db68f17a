import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Service } from "../../../runtime/index.ts";
import { deleteEndpoint, listEndpoints } from "../../../sinks/webhook/endpoints.ts";
import { createSecret } from "../../../sinks/webhook/sign.ts";
import type { Database } from "../../../store/index.ts";
import { eventually } from "../../support/wait.ts";
import {
  addEndpoint,
  attemptsOf,
  type Behaviour,
  deliveriesOf,
  enqueueAlerts,
  freshDatabase,
  quickOptions,
  startReceiver,
  startSender,
  type TestReceiver,
} from "./support.ts";

let db: Database;
const running: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  ({ db } = await freshDatabase());
});
beforeEach(() => db.execute("truncate webhook.attempts, webhook.deliveries, webhook.endpoints"));
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
});
afterAll(() => db.stop());

async function receiver(behave?: Behaviour): Promise<TestReceiver> {
  const started = await startReceiver(behave);
  running.push(started);
  return started;
}
async function sender(flags?: Readonly<Record<string, string>>): Promise<Service> {
  const started = await startSender(db, quickOptions(flags));
  running.push(started);
  return started;
}

test("a delivery is signed for the official library, and done after any 2xx", async () => {
  const { url, received } = await receiver((response) => response.writeHead(202).end("thanks"));
  const { secret } = await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect(await deliveriesOf(db)).toEqual({ msg_1: { state: "delivered", attempts: 1 } }));
  const [only, ...others] = received;
  expect(others).toEqual([]);
  expect(only?.headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
  const headers = only?.headers as Record<string, string>;
  expect(new Webhook(secret).verify(only?.body ?? "", headers)).toEqual({ id: "msg_1", data: {} });
  expect(() => new Webhook(secret).verify(`${only?.body} `, headers)).toThrow();
  expect(() => new Webhook(secret).verify(only?.body ?? "", { ...headers, "webhook-id": "msg_2" })).toThrow();
  expect(() => new Webhook(createSecret()).verify(only?.body ?? "", headers)).toThrow();
  expect(await attemptsOf(db, "msg_1")).toEqual(["delivered 202"]);
});

test("while a receiver changes its secret, both secrets verify", async () => {
  const { url, received } = await receiver();
  const { id, secret } = await addEndpoint(db, url);
  const next = createSecret();
  await db.execute("update webhook.endpoints set secrets = array[$2, secrets[1]] where endpoint_id = $1", [id, next]);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(() => expect(received).toHaveLength(1));
  for (const each of [secret, next]) {
    expect(
      new Webhook(each).verify(received[0]?.body ?? "", received[0]?.headers as Record<string, string>),
    ).toBeDefined();
  }
});

test("after a 500 the same message comes again under the same id, signed anew", async () => {
  const { url, received } = await receiver((response, _received, nth) =>
    response.writeHead(nth < 3 ? 500 : 200).end("no"),
  );
  const { secret } = await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect(await deliveriesOf(db)).toEqual({ msg_1: { state: "delivered", attempts: 3 } }));
  expect(received.map(({ id }) => id)).toEqual(["msg_1", "msg_1", "msg_1"]);
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  for (const { body, headers } of received) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeDefined();
  }
  expect(await attemptsOf(db, "msg_1")).toEqual(["declined 500", "declined 500", "delivered 200"]);
});

test("when no attempt is left the delivery is kept as exhausted", async () => {
  const { url, received } = await receiver((response) => response.writeHead(503).end());
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect(await deliveriesOf(db)).toEqual({ msg_1: { state: "exhausted", attempts: 4 } }));
  expect(received).toHaveLength(4);
});

test("410 disables the endpoint: nothing is sent to it any more, and no delivery made for it", async () => {
  const { url, received } = await receiver((response) => response.writeHead(410).end());
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await listEndpoints(db))[0]?.state).toBe("disabled"));
  await enqueueAlerts(db, ["msg_2"]);
  expect(await deliveriesOf(db)).toEqual({ msg_1: { state: "exhausted", attempts: 1 } });
  expect(await attemptsOf(db, "msg_1")).toEqual(["gone 410"]);
  expect(received).toHaveLength(1);
});

test.each([301, 302, 303, 307, 308])("a redirect by %i is a failure and is not followed", async (status) => {
  const canary = await receiver();
  const { url } = await receiver((response) => response.writeHead(status, { location: canary.url }).end());
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender({ "webhook-retry-delays": "0.05" });
  await eventually(async () => expect((await deliveriesOf(db)).msg_1?.state).toBe("exhausted"));
  expect(await attemptsOf(db, "msg_1")).toEqual([`redirected ${status}`, `redirected ${status}`]);
  expect(canary.received).toEqual([]);
});

test.each([
  ["seconds", () => "1"],
  ["a date", () => new Date(Date.now() + 2_000).toUTCString()],
])("Retry-After in %s is waited for", async (_form, value) => {
  const { url, received } = await receiver((response, _received, nth) =>
    nth === 1 ? response.writeHead(429, { "retry-after": value() }).end() : response.writeHead(200).end(),
  );
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(db)).msg_1?.state).toBe("delivered"));
  expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThan(950);
});

const hostile: readonly (readonly [string, Behaviour, string])[] = [
  ["hangs", () => undefined, "timed_out"],
  ["resets the connection", (_response, _received, _nth, request) => request.socket.resetAndDestroy(), "unreachable"],
  ["closes without an answer", (_response, _received, _nth, request) => request.socket.end(), "unreachable"],
  [
    "drips its headers",
    (_response, _received, _nth, request) => {
      const { socket } = request;
      socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
      const drip = setInterval(() => socket.write("a"), 50);
      socket.on("close", () => clearInterval(drip)).on("error", () => undefined);
    },
    "timed_out",
  ],
  ["speaks no HTTP", (_response, _received, _nth, request) => request.socket.end("SSH-2.0-OpenSSH\r\n"), "unreachable"],
  [
    "answers with endless headers",
    (_response, _received, _nth, request) =>
      request.socket.on("error", () => undefined).write(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(100_000)}\r\n\r\n`),
    "unreachable",
  ],
];
test.each(hostile)("a receiver that %s is a failed attempt", async (_words, behave, result) => {
  const { url } = await receiver(behave);
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender({ "webhook-retry-delays": "0.05" });
  await eventually(async () => expect((await deliveriesOf(db)).msg_1?.state).toBe("exhausted"));
  expect(await attemptsOf(db, "msg_1")).toEqual([result, result]);
});

test("of a huge answer only the beginning is read", async () => {
  let written = 0;
  const { url } = await receiver((response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024, "x");
    const more = () => {
      while (written < 50e6 && !response.destroyed) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
    };
    more();
  });
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(db)).msg_1?.state).toBe("delivered"));
  expect(written).toBeLessThan(10e6);
  const [row] = await db.query<{ detail: string }>("select detail from webhook.attempts");
  expect(row?.detail).toBe("x".repeat(2_048));
});

test("an answer with control characters and broken text is kept readable", async () => {
  const { url } = await receiver((response) => response.writeHead(200).end(Buffer.from([0x61, 0, 0x1b, 0xff, 0x62])));
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(db)).msg_1?.state).toBe("delivered"));
  expect((await db.query<{ detail: string }>("select detail from webhook.attempts"))[0]?.detail).toBe("a \ufffdb");
});

test("a target inside is refused at every attempt, without a connection", async () => {
  let connections = 0;
  const canary = createServer(() => connections++);
  await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
  const { port } = canary.address() as AddressInfo;
  // As if rules had been looser when it was added.
  await addEndpoint(db, `http://127.0.0.1:${port}/`);
  await addEndpoint(db, `http://localhost:${port}/`);
  await enqueueAlerts(db, ["msg_1"]);
  await sender({ "webhook-allow-targets": "", "webhook-retry-delays": "0.05" });
  await eventually(async () => {
    const states = await db.query<{ state: string }>("select state from webhook.deliveries");
    expect(states.map(({ state }) => state)).toEqual(["exhausted", "exhausted"]);
  });
  const results = await db.query<{ result: string }>("select distinct result from webhook.attempts");
  expect(results).toEqual([{ result: "target_refused" }]);
  expect(connections).toBe(0);
  await new Promise((resolve) => canary.close(resolve));
});

test("deliveries of one alert arrive in order, also when the first one fails at first", async () => {
  const { url, received } = await receiver((response, _received, nth) =>
    response.writeHead(nth === 1 ? 500 : 200).end(),
  );
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["firing", "resolved"], "one-alert");
  await sender();
  await eventually(async () => expect((await deliveriesOf(db)).resolved?.state).toBe("delivered"));
  expect(received.map(({ id }) => id)).toEqual(["firing", "firing", "resolved"]);
});

test("the same message twice is one delivery", async () => {
  const { url, received } = await receiver();
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1", "msg_2"]);
  await enqueueAlerts(db, ["msg_1", "msg_2"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(db)).msg_2?.state).toBe("delivered"));
  await enqueueAlerts(db, ["msg_1", "msg_3"]);
  await eventually(async () => expect((await deliveriesOf(db)).msg_3?.state).toBe("delivered"));
  expect(received.map(({ id }) => id).sort()).toEqual(["msg_1", "msg_2", "msg_3"]);
});

test("a receiver that hangs delays no other", async () => {
  const dead = await receiver(() => undefined);
  const healthy = await receiver();
  await addEndpoint(db, dead.url);
  await addEndpoint(db, healthy.url);
  await sender({ "webhook-timeout-ms": "5000" });
  const ids = Array.from({ length: 100 }, (_, i) => `msg_${i}`);
  const began = performance.now();
  await enqueueAlerts(db, ids);
  await eventually(() => expect(healthy.received).toHaveLength(100), { timeoutMs: 4_000 });
  expect(performance.now() - began).toBeLessThan(4_000);
  // No more than its share was tried: the others wait for their turn.
  expect(dead.received.length).toBeLessThanOrEqual(8);
});

test("a deleted endpoint gets nothing more and its secret is gone", async () => {
  const { url, received } = await receiver();
  const { id } = await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  await deleteEndpoint(db, id);
  await enqueueAlerts(db, ["msg_2"]);
  const other = await receiver();
  await addEndpoint(db, other.url);
  await enqueueAlerts(db, ["msg_3"]);
  await sender();
  await eventually(() => expect(other.received).toHaveLength(1));
  expect(received).toEqual([]);
  expect(await db.query("select secrets from webhook.endpoints where endpoint_id = $1", [id])).toEqual([
    { secrets: [] },
  ]);
  await expect(deleteEndpoint(db, id)).rejects.toMatchObject({ code: "webhook_endpoint_unknown" });
});

test("stop waits for the attempt under way and writes its end", async () => {
  const { url, received } = await receiver((response) => setTimeout(() => response.writeHead(200).end(), 300));
  await addEndpoint(db, url);
  await enqueueAlerts(db, ["msg_1"]);
  const started = await sender({ "webhook-timeout-ms": "5000" });
  await eventually(() => expect(received).toHaveLength(1));
  await started.stop();
  expect(await deliveriesOf(db)).toEqual({ msg_1: { state: "delivered", attempts: 1 } });
});
