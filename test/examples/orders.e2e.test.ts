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
function asked(): { readonly orders: ReadonlyMap<string, readonly string[]>; readonly left: readonly string[] } {
  const lines = run(blockWith("psql")).trim().split("\n");
  const found = lines.filter((line) => line.startsWith("ord_")).map((line) => line.split("|"));
  return {
    orders: new Map(found.map(([id = "", ...rest]) => [id, rest])),
    left: lines.filter((line) => /^(desk|lamp)\|/.test(line)),
  };
}
const charge = ({ quantity }: Order) => [
  quantity * unit.unit_amount < 100_000 ? "charged" : "needs_approval",
  String(quantity * unit.unit_amount),
];
const parcels = ({ quantity }: Order) => String(Math.ceil((quantity * unit.unit_weight) / 20_000));
const patient = { timeoutMs: 120_000, everyMs: 250 };
const first: Order = { id: "ord_1", quantity: 5 };

const left = (desks: number) => [`desk|${desks}`, "lamp|3"];

test("an order goes to three processors; one stops and catches up; one has a bug and is reprocessed", async () => {
  const payments = "npx hailstream stream --stream-flows take-payments";
  const inventory = "npx hailstream stream --stream-topology examples/orders/topology-with-bug.ts";
  await Promise.all([
    startProcessor(payments),
    startProcessor("npx hailstream stream --stream-flows plan-deliveries"),
    startProcessor(inventory),
  ]);

  expect(JSON.parse(run(blockWith("curl")))).toMatchObject({ accepted: 3 });
  await eventually(() => {
    expect([...asked().orders]).toEqual([["ord_1", [...charge(first), parcels(first)]]]);
    expect(asked().left).toEqual(left(9));
  }, patient);

  // Payment is away. The others go on, with each order once though half of them are sent twice.
  await stop(payments);
  expect(await post(orders)).toMatchObject({ accepted: orders.length });
  expect(await post(orders.slice(0, 20))).toMatchObject({ duplicate: 20 });
  await eventually(() => {
    const now = asked();
    expect(now.left).toEqual(left(9 - orders.length));
    expect(orders.map(({ id }) => now.orders.get(id))).toEqual(orders.map((one) => ["", "", parcels(one)]));
  }, patient);
  await startProcessor(payments);
  await eventually(() => {
    const now = asked();
    expect(orders.map(({ id }) => now.orders.get(id))).toEqual(orders.map((one) => [...charge(one), parcels(one)]));
  }, patient);

  // Inventory is corrected, and what it told before is rebuilt beside it: the others undisturbed.
  await stop(inventory);
  await startProcessor("npx hailstream stream --stream-flows split-orders,track-stock");
  const rebuild = blocks.filter((block) => block.includes("hailstream reprocess"));
  expect(rebuild).toHaveLength(2);
  const [dryRun = "", switching = ""] = rebuild;
  const ordered = orders.reduce((sum, { quantity }) => sum + quantity, first.quantity);
  const outcome = { processor: "track-stock", equal: 1, changed: 1, missing: 0, extra: 0 };
  const dry = JSON.parse(run(`${dryRun.trim()} --json`));
  expect(dry).toMatchObject({ ...outcome, switched: false, corrected: 0 });
  expect(dry.examples).toEqual([
    {
      ...{ kind: "changed", subject: "stock.level desk" },
      live: { revision: 42, ordered: orders.length + 1, available: 9 - orders.length },
      rebuilt: { revision: 1_042, ordered, available: 10 - ordered },
    },
  ]);
  expect(asked().left).toEqual(left(9 - orders.length));
  expect(JSON.parse(run(`${switching.trim()} --json`))).toMatchObject({ ...outcome, switched: true, corrected: 1 });
  await eventually(() => expect(asked().left).toEqual(left(10 - ordered)), patient);

  // It goes on from there.
  const last: Order = { id: "ord_99", quantity: 2 };
  expect(await post([last])).toMatchObject({ accepted: 1 });
  const all = [first, ...orders, last];
  await eventually(() => {
    const now = asked();
    expect(all.map(({ id }) => now.orders.get(id))).toEqual(all.map((one) => [...charge(one), parcels(one)]));
    expect(now.orders.size).toBe(all.length);
    expect(now.left).toEqual(left(10 - ordered - last.quantity));
  }, patient);
  const counts = run(`psql "$DATABASE_URL" -At -c "
    select (select count(*) from events.order_delivery), (select count(*) from events.order_payment),
      (select count(*) from events.stock_level_latest), (select count(*) from events.stock_level where revision > 1000)"`);
  expect(counts.trim()).toBe([42, 42, 2, 2].join("|"));
}, 900_000);
