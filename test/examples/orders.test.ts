import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import orders from "../../examples/orders/topology.ts";
import withBug from "../../examples/orders/topology-with-bug.ts";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { envelopeHeaders, loadCatalogue, type Schemas, schemaFolder } from "../../schemas/index.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";
import {
  createTopologyDriver,
  type DriverParts,
  dieEverywhere,
  type TopologyDriver,
} from "../support/topology-driver.ts";

const folder = join(import.meta.dirname, "..", "..", "examples", "orders", "schemas");
let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas({}, loadCatalogue(schemaFolder, [folder]));
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

type Item = {
  readonly sku: string;
  readonly quantity: number;
  readonly unit_amount: number;
  readonly unit_weight: number;
};
const item = (sku: string, quantity: number): Item => ({ sku, quantity, unit_amount: 1_250, unit_weight: 9_000 });

function event(id: string, type: string, data: Record<string, unknown>): OutgoingRecord {
  const time = "2026-01-05T08:00:00.000Z";
  const headers = envelopeHeaders({ id, type, source: "/shop", time, receivedAt: 1_795_391_562_326 });
  return { key: schemas.keyOf(type, data), value: schemas.encode(type, data), headers };
}
const order = (id: string, items: readonly Item[]) =>
  event(`evt_${id}`, "order.created", {
    ...{ order_id: id, customer_id: "cus_1", currency: "EUR", country: "DE", items },
  });
const received = (id: string, sku: string, quantity: number) => event(id, "stock.received", { sku, quantity });

async function rows(driver: TopologyDriver, topic: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const decoded = await Promise.all(
    driver.distinct(topic).map(({ value }) => schemas.decode(value ?? Buffer.alloc(0))),
  );
  return decoded.map((one) => (one.ok ? one.value : {}));
}
/** Of each key the row with the highest revision. */
async function newest(driver: TopologyDriver, topic: string, key: string) {
  const found = new Map<unknown, Readonly<Record<string, unknown>>>();
  for (const row of await rows(driver, topic))
    if (Number(row.revision) > Number(found.get(row[key])?.revision ?? 0)) found.set(row[key], row);
  return [...found.values()];
}

test("one order is charged, planned and taken from the stock, each by a processor of its own", async () => {
  const driver = createTopologyDriver(orders(schemas));
  await driver.pipe("stock", [received("r1", "desk", 10)]);
  await driver.pipe("orders", [order("ord_1", [item("desk", 4), item("lamp", 1), item("desk", 1)])]);
  expect(await rows(driver, "order-payments")).toEqual([
    { order_id: "ord_1", revision: 1, status: "charged", amount: 7_500, currency: "EUR" },
  ]);
  expect(await rows(driver, "order-deliveries")).toEqual([
    { order_id: "ord_1", revision: 1, country: "DE", weight: 54_000, parcels: 3 },
  ]);
  expect(await newest(driver, "stock-levels", "sku")).toEqual([
    { sku: "desk", revision: 2, received: 10, ordered: 5, available: 5 },
    { sku: "lamp", revision: 1, received: 0, ordered: 1, available: -1 },
  ]);
});

test("the version with the bug takes one piece of each line, and what is wrong is its memory too", async () => {
  const driver = createTopologyDriver(withBug(schemas));
  await driver.pipe("stock", [received("r1", "desk", 10), received("r2", "lamp", 3)]);
  await driver.pipe("orders", [order("ord_1", [item("desk", 5)])]);
  expect(await newest(driver, "stock-levels", "sku")).toEqual([
    { sku: "desk", revision: 2, received: 10, ordered: 1, available: 9 },
    { sku: "lamp", revision: 1, received: 3, ordered: 0, available: 3 },
  ]);
  expect(JSON.parse(driver.memory("track-stock").get("desk")?.value ?? "{}")).toMatchObject({ ordered: 1 });
});

const plan = fc.array(
  fc.record({
    items: fc.array(
      fc.record({ sku: fc.constantFrom("desk", "lamp", "chair"), quantity: fc.integer({ min: 1, max: 9 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    again: fc.nat(4),
  }),
  { minLength: 1, maxLength: 12 },
);
type Plan = readonly {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly again: number;
}[];

async function play(orderPlan: Plan, parts: Partial<DriverParts> = {}): Promise<TopologyDriver> {
  const driver = createTopologyDriver({ ...orders(schemas), ...parts });
  const sent = orderPlan.map(({ items }, i) =>
    order(
      `ord_${i}`,
      items.map(({ sku, quantity }) => item(sku, quantity)),
    ),
  );
  const twice = sent.filter((_, i) => orderPlan[i]?.again === 0);
  await driver.pipe("orders", [...sent, ...twice]);
  return driver;
}
function ordered(orderPlan: Plan): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of orderPlan.flatMap(({ items }) => items))
    sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return sums;
}
const stock = async (driver: TopologyDriver) =>
  new Map((await newest(driver, "stock-levels", "sku")).map((row) => [String(row.sku), Number(row.ordered)]));

test("stock counts each order once, whatever comes twice and however it lies in partitions and batches", async () => {
  await fc.assert(
    fc.asyncProperty(
      plan,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      async (orderPlan, batchSize, partitions) => {
        const driver = await play(orderPlan, { batchSize, partitions });
        expect(await stock(driver)).toEqual(ordered(orderPlan));
        expect((await rows(driver, "order-payments")).length).toBe(orderPlan.length);
      },
    ),
    { numRuns: 60 },
  );
});

test("a death at every effect of the chain changes no result", async () => {
  const orderPlan: Plan = [
    {
      items: [
        { sku: "desk", quantity: 2 },
        { sku: "lamp", quantity: 1 },
      ],
      again: 0,
    },
    { items: [{ sku: "desk", quantity: 3 }], again: 1 },
    { items: [{ sku: "lamp", quantity: 5 }], again: 1 },
  ];
  const times = await dieEverywhere(
    (deaths) => play(orderPlan, { deaths, batchSize: 2 }),
    async (driver, where) => {
      expect(await stock(driver), where).toEqual(ordered(orderPlan));
      expect((await rows(driver, "order-payments")).length, where).toBe(3);
      expect((await rows(driver, "order-deliveries")).length, where).toBe(3);
      expect(driver.waiting, where).toBe(0);
    },
    [1, 4],
  );
  expect(times).toBeGreaterThan(150);
}, 60_000);
