import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
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

const hasPython = spawnSync("python3", ["-c", "import standardwebhooks"]).status === 0;

// Runs where the library is: pip install -r examples/webhook-receiver/requirements.txt
test.skipIf(!hasPython)("the receiver in Python takes and refuses the same, by its official library", async () => {
  const file = fileURLToPath(new URL("../../../examples/webhook-receiver/receiver.py", import.meta.url));
  const python: ChildProcess = spawn("python3", [file, "0"], {
    env: { ...process.env, WEBHOOK_SECRET: secret },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  try {
    const first = await new Promise<string>((resolve, refuse) => {
      python.once("exit", (code) => refuse(new Error(`python ended with ${code}`)));
      createInterface({ input: python.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        lines.push(line);
        resolve(lines[0] ?? "");
      });
    });
    url = first.slice(first.indexOf("http"));
    const alert = { time: "2026-11-22T21:11:41Z", data: { severity: "critical", status: "firing", summary: "Höhe" } };
    const body = JSON.stringify(alert);
    const sign = (secrets: string[], at = new Date()) => signatureHeaders({ id: "msg_1", body }, secrets, at);
    expect(await send(sign([secret]), body)).toBe(204);
    expect(await send(sign([createSecret(), secret]), body)).toBe(204);
    expect(await send({}, body)).toBe(401);
    expect(await send(sign([secret]), `${body} `)).toBe(401);
    expect(await send(sign([createSecret()]), body)).toBe(401);
    expect(await send(sign([secret], new Date(Date.now() - 360_000)), body)).toBe(401);
    expect(await send(sign([secret]), "x".repeat(70_000))).toBe(413);
    expect(lines.slice(1)).toEqual(["2026-11-22T21:11:41Z  critical  firing  Höhe"]);
  } finally {
    python.removeAllListeners("exit");
    await new Promise((resolve) => python.once("exit", resolve).kill());
  }
});
