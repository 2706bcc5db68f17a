import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../../schemas/index.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { dieEverywhere, type TopologyDriver } from "../../support/topology-driver.ts";
import { alertDriver, eventOf, rulesOf, toldBy } from "./alert-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const common = ["on: payment.failed", "severity: warning", "description: d", "summary: s"];
const texts = [
  ["name: single", "by: {trip: data.trip_id}", "when: data.amount > 100", "for: 2s", "keep_firing_for: 3s"],
  ["name: many", "by: {trip: data.trip_id}", "window: 20s", "values: {n: {count: 'true'}}", "when: n >= 3"],
  ["name: quiet", "by: {trip: data.trip_id}", "absent_for: 10s", "inhibited_by: [{rule: many, equal: [trip]}]"],
].map((lines) => [...lines, ...common].join("\n"));

type Play = readonly { readonly trip: string; readonly amount: number; readonly waitMs: number }[];

async function run(driver: TopologyDriver, play: Play, between: () => void = () => undefined): Promise<TopologyDriver> {
  let count = 0;
  for (const { trip, amount, waitMs } of play) {
    const { topic, record } = eventOf(schemas, "payment.failed", `e${++count}`, driver.nowMs, {
      trip_id: trip,
      amount,
    });
    await driver.pipe(topic, [record]);
    between();
    await driver.advance(waitMs);
  }
  await driver.advance(60_000);
  return driver;
}
async function storyOf(driver: TopologyDriver): Promise<readonly string[]> {
  const told = await toldBy(driver, schemas);
  return told.map(({ id, alert_id, notification, time }) => [id, alert_id, notification, time].join(" ")).sort();
}
const scenario: Play = [
  { trip: "a", amount: 500, waitMs: 3_000 },
  { trip: "a", amount: 1, waitMs: 1_000 },
  { trip: "b", amount: 500, waitMs: 500 },
  { trip: "a", amount: 500, waitMs: 2_500 },
  { trip: "a", amount: 1, waitMs: 15_000 },
  { trip: "b", amount: 5, waitMs: 30_000 },
];

test("a death at any effect, and another soon after it, tells the same messages with the same ids", async () => {
  const rules = rulesOf(schemas, ...texts);
  let expected: readonly string[] = [];
  const times = await dieEverywhere(
    (deaths) => run(alertDriver(schemas, rules, { deaths, partitions: 2 }), scenario),
    async (driver, where) => {
      const story = await storyOf(driver);
      if (where === "no death") expected = story;
      expect(story, where).toEqual(expected);
      expect(driver.waiting, where).toBe(0);
    },
    [1, 4],
  );
  expect(expected.length).toBeGreaterThan(6);
  expect(times).toBeGreaterThan(100);
});

test("whatever comes when: each incident opens once and is resolved once, and partitions that change hands change nothing", async () => {
  const rules = rulesOf(schemas, ...texts);
  const event = fc.record({
    trip: fc.constantFrom("a", "b", "c"),
    amount: fc.constantFrom(1, 500),
    waitMs: fc.constantFrom(0, 500, 1_000, 2_500, 12_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 25 }),
      fc.array(fc.nat(60), { maxLength: 3 }),
      async (play, deaths) => {
        const plain = await run(alertDriver(schemas, rules, { partitions: 3 }), play);
        const expected = await storyOf(plain);
        const disturbed = alertDriver(schemas, rules, { partitions: 3, deaths });
        await run(disturbed, play, () => disturbed.rebalance());
        expect(await storyOf(disturbed)).toEqual(expected);
        const incidents = Map.groupBy(await toldBy(plain, schemas), ({ alert_id }) => alert_id);
        for (const messages of incidents.values()) {
          expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, i) => i + 1));
          expect(messages.filter(({ notification }) => notification === "opened")).toHaveLength(1);
          expect(messages.filter(({ status }) => status === "resolved").length).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: 60 },
  );
  // A busy machine takes three times as long as an idle one.
});
