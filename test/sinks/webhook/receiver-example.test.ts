import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Alert, createReceiver } from "../../../examples/webhook-receiver/receiver.ts";
import { createSecret, signatureHeaders } from "../../../sinks/webhook/sign.ts";

const secret = createSecret();
const message = { id: "msg_1", body: JSON.stringify({ id: "1", data: { summary: "s" } }) };
let server: Server;
let url: string;
let alerts: Alert[];
beforeEach(async () => {
  alerts = [];
  server = createReceiver(secret, (alert) => alerts.push(alert));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const send = async (headers: Record<string, string>, body = message.body) =>
  (await fetch(url, { method: "POST", headers, body })).status;

test("takes what is signed, and the same id once", async () => {
  const headers = signatureHeaders(message, [secret], new Date());
  expect(await send(headers)).toBe(204);
  expect(await send(signatureHeaders(message, [secret], new Date()))).toBe(204);
  expect(alerts).toEqual([JSON.parse(message.body)]);
});

test("takes a message that is signed by two secrets, one of which is its own", async () => {
  expect(await send(signatureHeaders(message, [createSecret(), secret], new Date()))).toBe(204);
});

test("refuses what is unsigned, changed, old, from the future or signed by another secret", async () => {
  const now = Date.now();
  const good = signatureHeaders(message, [secret], new Date(now));
  const refused = [
    send({}),
    send(good, `${message.body} `),
    send({ ...good, "webhook-id": "msg_2" }),
    send({ ...good, "webhook-timestamp": String(Math.floor(now / 1_000) + 1) }),
    send(signatureHeaders(message, [secret], new Date(now - 6 * 60_000))),
    send(signatureHeaders(message, [secret], new Date(now + 6 * 60_000))),
    send(signatureHeaders(message, [createSecret()], new Date(now))),
  ];
  expect(await Promise.all(refused)).toEqual(refused.map(() => 401));
  expect(await send(good, "x".repeat(70_000))).toBe(413);
  expect(alerts).toEqual([]);
});
