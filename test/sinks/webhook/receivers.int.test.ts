import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listEndpoints } from "../../../sinks/webhook/endpoints.ts";
import { type Certificates, makeCertificates } from "../../own-parts/certificates.ts";
import { eventually } from "../../support/wait.ts";
import { addEndpoint, attemptsOf, type Behaviour, deliveriesOf, enqueueAlerts } from "./support.ts";
import { useWebhooks } from "./use-webhooks.ts";

// What a receiver may do, each done by a real server, and what follows.

const webhooks = useWebhooks();
const { receiver, sender, endLater } = webhooks;
let certificates: Certificates;
const folder = mkdtempSync(join(tmpdir(), "hailstream-receivers-"));
beforeAll(() => {
  certificates = makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server below HTTP. */
async function rawServer(onConnection: (socket: Socket) => void, allowHalfOpen = false): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen }, (socket) => {
    sockets.add(socket.on("error", () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endLater({
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as AddressInfo).port;
}

/** Sends one alert to `url`, twice at most, and gives how each attempt ended. */
async function attemptsAt(
  url: string,
  until: "delivered" | "exhausted",
  flags: Readonly<Record<string, string>> = {},
): Promise<(string | null)[]> {
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender({ "webhook-retry-delays": "0.05", ...flags });
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).msg_1?.state).toBe(until));
  return attemptsOf(webhooks.db, "msg_1");
}

/** Drips one byte at a time for ever. */
function drip(socket: Socket, first: string): void {
  socket.on("error", () => undefined).write(first);
  const drops = setInterval(() => socket.write("a"), 50);
  socket.on("close", () => clearInterval(drops));
}

test("410 disables the endpoint: nothing is sent to it any more, what is meant for it is kept", async () => {
  const { url, received } = await receiver((response) => response.writeHead(410).end());
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () => expect(await attemptsOf(webhooks.db, "msg_1")).toEqual(["gone 410"]));
  expect((await listEndpoints(webhooks.db))[0]).toMatchObject({
    state: "disabled",
    disabled_reason: "its receiver answered 410 Gone",
  });
  await enqueueAlerts(webhooks.db, ["msg_2"]);
  expect(await deliveriesOf(webhooks.db)).toEqual({
    msg_1: { state: "exhausted", attempts: 1 },
    msg_2: { state: "exhausted", attempts: 0 },
  });
  expect(received).toHaveLength(1);
});

test.each([301, 302, 303, 307, 308])("a redirect by %i is a failure and is not followed", async (status) => {
  const canary = await receiver();
  const { url } = await receiver((response) => response.writeHead(status, { location: canary.url }).end());
  expect(await attemptsAt(url, "exhausted")).toEqual([`redirected ${status}`, `redirected ${status}`]);
  expect(canary.received).toEqual([]);
});

test.each([
  ["seconds", () => "1"],
  ["a date", () => new Date(Date.now() + 2_000).toUTCString()],
])("Retry-After in %s is waited for", async (_form, value) => {
  const { url, received } = await receiver((response, _received, nth) =>
    nth === 1 ? response.writeHead(429, { "retry-after": value() }).end() : response.writeHead(200).end(),
  );
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).msg_1?.state).toBe("delivered"));
  expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThan(950);
});

const silent: readonly (readonly [string, Behaviour, string])[] = [
  ["hangs", () => undefined, "timed_out"],
  ["resets the connection", (_response, _received, _nth, request) => request.socket.resetAndDestroy(), "unreachable"],
  ["closes without an answer", (_response, _received, _nth, request) => request.socket.destroy(), "unreachable"],
  [
    "drips its headers",
    (_response, _received, _nth, { socket }) => drip(socket, "HTTP/1.1 200 OK\r\nx-slow: "),
    "timed_out",
  ],
  [
    "says 100 Continue for ever",
    (_response, _received, _nth, { socket }) => {
      const again = setInterval(() => socket.write("HTTP/1.1 100 Continue\r\n\r\n"), 20);
      socket.on("error", () => undefined).on("close", () => clearInterval(again));
    },
    "unreachable",
  ],
  ["speaks no HTTP", (_response, _received, _nth, request) => request.socket.end("SSH-2.0-OpenSSH\r\n"), "unreachable"],
  [
    "answers with endless headers",
    (_response, _received, _nth, request) =>
      request.socket.on("error", () => undefined).write(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(100_000)}\r\n\r\n`),
    "unreachable",
  ],
];
test.each(silent)("a receiver that %s is a failed attempt", async (_words, behave, result) => {
  const flags: Record<string, string> = result === "timed_out" ? { "webhook-timeout-ms": "500" } : {};
  expect(await attemptsAt((await receiver(behave)).url, "exhausted", flags)).toEqual([result, result]);
});

test("a receiver that refuses connections is a failed attempt", async () => {
  const { url, stop } = await receiver();
  await stop();
  expect(await attemptsAt(url, "exhausted")).toEqual(["unreachable", "unreachable"]);
});

test("a receiver that closes its half and never says anything is a failed attempt", async () => {
  const port = await rawServer((socket) => socket.resume().end(), true);
  expect(await attemptsAt(`http://127.0.0.1:${port}/`, "exhausted")).toEqual(["unreachable", "unreachable"]);
});

test.each([200, 201, 202, 204, 299])("%i is a delivery", async (status) => {
  expect(await attemptsAt((await receiver((response) => response.writeHead(status).end())).url, "delivered")).toEqual([
    `delivered ${status}`,
  ]);
});

test.each([400, 401, 404, 413, 429, 500, 502, 503])("%i is a failed attempt", async (status) => {
  const { url } = await receiver((response) => response.writeHead(status).end("no"));
  expect(await attemptsAt(url, "exhausted")).toEqual([`declined ${status}`, `declined ${status}`]);
});

const bodies: readonly (readonly [string, Behaviour])[] = [
  [
    "drips the body",
    (_response, _received, _nth, { socket }) => drip(socket, "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"),
  ],
  ["never ends the body", (response) => response.writeHead(200).write("a")],
  [
    "breaks off in the body",
    (_response, _received, _nth, { socket }) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na"),
  ],
];
test.each(bodies)("the status has decided when a receiver %s", async (_words, behave) => {
  expect(await attemptsAt((await receiver(behave)).url, "delivered")).toEqual(["delivered 200"]);
});

test("a receiver must have a certificate that is trusted and for its name", async () => {
  const { cert, key, ca } = certificates;
  const server = createHttpsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) =>
    response.writeHead(204).end(),
  );
  let requests = 0;
  server.on("request", () => requests++);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  endLater({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
  const { port } = server.address() as AddressInfo;
  const attempt = async (host: string, until: "delivered" | "exhausted") => {
    const ended = await attemptsAt(`https://${host}:${port}/`, until);
    await webhooks.endNewest();
    await webhooks.db.execute("truncate webhook.attempts, webhook.deliveries, webhook.endpoints");
    return ended;
  };
  expect(await attempt("localhost", "exhausted")).toEqual(["unreachable", "unreachable"]);
  const usual = getCACertificates("default");
  setDefaultCACertificates([...usual, readFileSync(ca, "utf8")]);
  try {
    expect(await attempt("localhost", "delivered")).toEqual(["delivered 204"]);
    expect(requests).toBe(1);
    expect(await attempt("127.0.0.2", "exhausted")).toEqual(["unreachable", "unreachable"]);
  } finally {
    setDefaultCACertificates(usual);
  }
  expect(requests).toBe(1);
});

test("a receiver that speaks no TLS gets nothing over https", async () => {
  const { url, received } = await receiver();
  expect(await attemptsAt(url.replace("http:", "https:"), "exhausted")).toEqual(["unreachable", "unreachable"]);
  expect(received).toEqual([]);
});

test("a receiver that asks for quiet gets no other alert meanwhile", async () => {
  const { url, received } = await receiver((response, _received, nth) =>
    nth === 1 ? response.writeHead(503, { "retry-after": "1" }).end() : response.writeHead(204).end(),
  );
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  // Not the only one any more when it is looked at later than a second behind it.
  await eventually(async () => expect((await attemptsOf(webhooks.db, "msg_1"))[0]).toBe("declined 503"));
  await enqueueAlerts(webhooks.db, ["msg_2"]);
  await eventually(() => expect(received).toHaveLength(3));
  expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThan(950);
});

test("of an answer of 10 MB and more only the beginning is read", async () => {
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
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).msg_1?.state).toBe("delivered"));
  expect(written).toBeLessThan(10e6);
  const [row] = await webhooks.db.query<{ detail: string }>("select detail from webhook.attempts");
  expect(row?.detail).toBe("x".repeat(2_048));
});

test("an answer with control characters and broken text is kept readable", async () => {
  const { url } = await receiver((response) => response.writeHead(200).end(Buffer.from([0x61, 0, 0x1b, 0xff, 0x62])));
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).msg_1?.state).toBe("delivered"));
  expect((await webhooks.db.query<{ detail: string }>("select detail from webhook.attempts"))[0]?.detail).toBe(
    "a \ufffdb",
  );
});
