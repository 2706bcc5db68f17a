import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Database } from "../../../store/index.ts";
import { eventually } from "../../support/wait.ts";
import {
  addEndpoint,
  attemptsOf,
  deliveriesOf,
  enqueueAlerts,
  type FreshDatabase,
  freshDatabase,
  startReceiver,
  type TestReceiver,
} from "./support.ts";

let fresh: FreshDatabase;
let db: Database;
let url: string;
const children: ChildProcess[] = [];
const receivers: TestReceiver[] = [];
beforeAll(async () => {
  fresh = await freshDatabase();
  ({ db, url } = fresh);
});
beforeEach(() => db.execute("truncate webhook.attempts, webhook.deliveries, webhook.endpoints"));
afterEach(async () => {
  for (const child of children.splice(0)) await end(child, "SIGKILL");
  for (const receiver of receivers.splice(0)) await receiver.stop();
});
afterAll(() => fresh.stop());

function startProcess(flags: Readonly<Record<string, string>> = {}): ChildProcess {
  const script = fileURLToPath(new URL("sender-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, url, JSON.stringify(flags)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve).kill(signal));
}

async function receiver(...behave: Parameters<typeof startReceiver>): Promise<TestReceiver> {
  const started = await startReceiver(...behave);
  receivers.push(started);
  return started;
}

test("killed between the POST and writing it down, the next sender repeats it under the same id", async () => {
  let first: ChildProcess | undefined;
  const { url: target, received } = await receiver((response, _received, nth) => {
    // The first answer is never given: the sender is killed when the message has arrived, before it can have waited too long.
    if (nth > 1) response.writeHead(200).end();
    else first?.kill("SIGKILL");
  });
  await addEndpoint(db, target);
  await enqueueAlerts(db, ["msg_1"]);
  first = startProcess({ "webhook-timeout-ms": "2000" });
  await eventually(() => expect(received).toHaveLength(1));
  await end(first, "SIGKILL");
  expect(await attemptsOf(db, "msg_1")).toEqual([null]);
  startProcess();
  await eventually(async () => expect(await deliveriesOf(db)).toEqual({ msg_1: { state: "delivered", attempts: 2 } }));
  expect(received.map(({ id }) => id)).toEqual(["msg_1", "msg_1"]);
  expect(received[1]?.body).toBe(received[0]?.body);
  // The lease of the killed one had to end first.
  expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThan(5_000);
  expect(await attemptsOf(db, "msg_1")).toEqual([null, "delivered 200"]);
});

test("stopped for longer than its lease, a sender does not send what another one has taken over", async () => {
  const { promise: isAsked, resolve: answer } = Promise.withResolvers<void>();
  let first: ChildProcess | undefined;
  const {
    url: target,
    received,
    mostTogether,
  } = await receiver(async (response, _received, nth) => {
    // Before it can have waited too long.
    if (nth === 1) first?.kill("SIGSTOP");
    await isAsked;
    if (nth > 1) response.writeHead(200).end();
  });
  await addEndpoint(db, target);
  await enqueueAlerts(db, ["msg_1"]);
  first = startProcess({ "webhook-timeout-ms": "1000", "webhook-retry-delays": "60" });
  await eventually(() => expect(received).toHaveLength(1));
  const second = startProcess();
  await eventually(() => expect(received).toHaveLength(2));
  first.kill("SIGCONT");
  // What the first one writes down late is its own attempt, and changes nothing of the delivery, which the other still sends.
  await eventually(async () => expect(await attemptsOf(db, "msg_1")).toEqual(["timed_out", null]));
  answer();
  await eventually(async () => expect(await attemptsOf(db, "msg_1")).toEqual(["timed_out", "delivered 200"]));
  expect((await deliveriesOf(db)).msg_1).toEqual({ state: "delivered", attempts: 2 });
  expect(received).toHaveLength(2);
  expect(mostTogether()).toBeLessThanOrEqual(2);
  await end(second, "SIGTERM");
});

test("two senders never have one delivery under way together, and send each once", async () => {
  const {
    url: target,
    received,
    mostTogether,
  } = await receiver((response) => setTimeout(() => response.writeHead(200).end(), Math.random() * 20));
  await addEndpoint(db, target);
  const flags = { "webhook-poll-ms": "10", "webhook-rate-per-second": "1000" };
  startProcess(flags);
  startProcess(flags);
  const ids = Array.from({ length: 1_000 }, (_, i) => `msg_${i}`);
  for (let i = 0; i < ids.length; i += 50) await enqueueAlerts(db, ids.slice(i, i + 50));
  await eventually(
    async () => {
      const [row] = await db.query<{ n: number }>(
        "select count(*)::int as n from webhook.deliveries where state = 'delivered'",
      );
      expect(row?.n).toBe(ids.length);
    },
    { timeoutMs: 240_000, everyMs: 200 },
  );
  expect(received).toHaveLength(ids.length);
  expect(new Set(received.map(({ id }) => id)).size).toBe(ids.length);
  expect(mostTogether()).toBe(1);
  expect(await db.query("select max(attempts) as most from webhook.deliveries")).toEqual([{ most: 1 }]);
});
