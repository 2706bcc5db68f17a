import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase } from "../../local/index.ts";
import { eventually } from "../support/wait.ts";

const root = resolve(import.meta.dirname, "..", "..");
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-orders-"));
const text = readFileSync(join(root, "examples", "orders", "README.md"), "utf8");
/** The shell commands of the README, in order; they stay as they are written. */
const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] as string);
const blockWith = (words: string) => blocks.find((block) => block.includes(words)) ?? "";
const variables = blockWith("hailstream env");

/** A data directory and ports of our own; later with what the README's second terminal sets. */
let env: NodeJS.ProcessEnv = {
  ...process.env,
  HAILSTREAM_LOCAL_DATA_DIR: dataDir,
  HAILSTREAM_LOCAL_PORT_BASE: String(await findFreePortBase()),
  HAILSTREAM_REGISTRY_CACHE_DIR: join(dataDir, "schemas"),
};

/** What runs, by the command that started it: a process group each, as a terminal makes them. */
const running = new Map<string, ChildProcess>();

async function start(script: string, name: string, ready: string): Promise<void> {
  const child = spawn("bash", ["-c", script], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  running.set(name, child);
  let printed = "";
  const keep = (data: Buffer) => {
    printed += data.toString();
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const isReady = eventually(() => expect(printed).toContain(ready), { timeoutMs: 280_000 });
  const ended = new Promise<never>((_, reject) => {
    child.once("close", () => reject(new Error(`${name} ended: ${printed}`)));
  });
  ended.catch(() => undefined);
  await Promise.race([isReady, ended]);
}

/** One line of the README that starts a processor in the background. */
function startProcessor(line: string): Promise<void> {
  expect(blocks.join("")).toContain(`${line} &\n`);
  return start(`exec ${line}`, line, "stream processors run");
}

async function stop(name: string): Promise<void> {
  const child = running.get(name);
  running.delete(name);
  if (child?.pid === undefined || child.exitCode !== null) return;
  const ended = new Promise((finish) => child.once("close", finish));
  process.kill(-child.pid, "SIGINT");
  await ended;
}

function run(script: string): string {
  const result = spawnSync("bash", ["-c", `set -e\n${script}`], { cwd: root, env, encoding: "utf8" });
  expect(result.status, result.stderr).toBe(0);
  return result.stdout;
}

beforeAll(async () => {
  const [exported, command] = blockWith("npm start").trim().split("\n");
  await start(`${exported}\nexec ${command}`, "hailstream", "hailstream is ready");
  const set = run(`${variables}\nenv -0`).split("\0").filter(Boolean);
  env = Object.fromEntries(set.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}, 300_000);

afterAll(async () => {
  for (const name of [...running.keys()].reverse()) await stop(name);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

type Order = { readonly id: string; readonly quantity: number };
const orders: readonly Order[] = Array.from({ length: 40 }, (_, i) => ({ id: `ord_${i + 10}`, quantity: (i % 7) + 1 }));
const unit = { sku: "desk", unit_amount: 9_900, unit_weight: 19_000 };

async function post(batch: readonly Order[]): Promise<unknown> {
  const answer = await fetch(`${env.INGEST_URL}/v1/events`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${env.API_KEY}`,
      "content-type": "application/cloudevents-batch+json",
    },
    body: JSON.stringify(
      batch.map(({ id, quantity }) => ({
        ...{ specversion: "1.0", id: `evt_${id}`, type: "order.created", source: "/shop" },
        time: "2026-11-22T10:00:00Z",
        data: { order_id: id, customer_id: "cus_1", currency: "EUR", country: "DE", items: [{ ...unit, quantity }] },
      })),
    ),
  });
  return answer.json();
}

/** What the README's query says: each order with status, amount and parcels, and what is left of each article. */
function asked(): { readonly orders: ReadonlyMap<string, readonly string[]>; readonly left: string } {
  const lines = run(blockWith("psql")).trim().split("\n");
  const found = lines.filter((line) => line.startsWith("ord_")).map((line) => line.split("|"));
  return {
    orders: new Map(found.map(([id = "", ...rest]) => [id, rest])),
    left: lines.filter((line) => line.startsWith("desk|")).join(),
  };
}
const charge = ({ quantity }: Order) => [
  quantity * unit.unit_amount < 100_000 ? "charged" : "needs_approval",
  String(quantity * unit.unit_amount),
];
const parcels = ({ quantity }: Order) => String(Math.ceil((quantity * unit.unit_weight) / 20_000));
const patient = { timeoutMs: 40_000, everyMs: 250 };
const first: Order = { id: "ord_1", quantity: 5 };

test("an order goes to three processors; one stops and catches up; one has a bug and is corrected", async () => {
  const payments = "npx hailstream stream --stream-flows take-payments";
  const delivery = "npx hailstream stream --stream-topology examples/orders/topology-with-bug.ts";
  await Promise.all([
    startProcessor(payments),
    startProcessor("npx hailstream stream --stream-flows split-orders,track-stock"),
    startProcessor(delivery),
  ]);

  expect(JSON.parse(run(blockWith("curl")))).toMatchObject({ accepted: 2 });
  await eventually(() => {
    expect([...asked().orders]).toEqual([["ord_1", [...charge(first), "1"]]]);
    expect(asked().left).toBe("desk|5");
  }, patient);

  // Payment is away. The others go on, with each order once though half of them are sent twice.
  await stop(payments);
  expect(await post(orders)).toMatchObject({ accepted: orders.length });
  expect(await post(orders.slice(0, 20))).toMatchObject({ duplicate: 20 });
  const ordered = orders.reduce((sum, { quantity }) => sum + quantity, first.quantity);
  await eventually(() => {
    const now = asked();
    expect(now.left).toBe(`desk|${10 - ordered}`);
    expect(orders.map(({ id }) => now.orders.get(id))).toEqual(orders.map(() => ["", "", "1"]));
  }, patient);
  await startProcessor(payments);
  await eventually(() => {
    const now = asked();
    expect(orders.map(({ id }) => now.orders.get(id))).toEqual(orders.map((one) => [...charge(one), "1"]));
  }, patient);

  // Delivery is corrected: every order anew, the others undisturbed.
  await stop(delivery);
  await startProcessor("npx hailstream stream --stream-flows plan-deliveries-2");
  const all = [first, ...orders];
  await eventually(() => {
    const now = asked();
    expect(all.map(({ id }) => now.orders.get(id))).toEqual(all.map((one) => [...charge(one), parcels(one)]));
    expect(now.orders.size).toBe(all.length);
    expect(now.left).toBe(`desk|${10 - ordered}`);
  }, patient);
  const counts = run(`psql "$DATABASE_URL" -At -c "
    select (select count(*) from events.order_delivery_latest), (select count(*) from events.order_payment),
      (select count(*) from events.order_delivery where revision = 1), (select count(*) from events.order_delivery where revision = 2)"`);
  expect(counts.trim()).toBe([41, 41, 41, 41].join("|"));
}, 240_000);
