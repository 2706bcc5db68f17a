import { afterAll, beforeAll, expect, test } from "vitest";
import { envelopeHeaders } from "../../../schemas/index.ts";
import { lateEventTopic } from "../../../stream/index.ts";
import { marketplaceFlows } from "../../../stream/marketplace/marketplace-flows.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { createTopologyDriver, type TopologyDriver } from "../../support/topology-driver.ts";
import { type CityEvent, inventCity, minute, shuffleWithin } from "./invented-city.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
beforeAll(async () => {
  offline = await startOfflineSchemas();
});
afterAll(() => offline.stop());

const latenessMs = 20_000;
const city = inventCity(3, { drivers: 8, trips: 40, minutes: 4 });

/** The events through all four flows; then nothing comes any more, and everything that waits comes out by the clock. */
async function play(
  events: readonly CityEvent[],
  parts: { readonly deaths?: readonly number[]; readonly batchSize?: number } = {},
): Promise<TopologyDriver> {
  const { schemas } = offline;
  const rules = { latenessMs, capMs: 2 * minute, patienceMs: 2 * minute };
  const remembering = marketplaceFlows(schemas, rules);
  const driver = createTopologyDriver({ remembering, partitions: 2, idleMs: 10_000, ...parts });
  for (const { id, type, timeMs, key, data } of events) {
    const time = new Date(timeMs).toISOString();
    const headers = envelopeHeaders({ id, type, source: "/test", time, receivedAt: timeMs });
    const topic = type === "driver.location" ? "driver-locations-enriched" : "trip-events-enriched";
    driver.write(topic, [{ key, value: schemas.encode(type, data, "enriched"), headers }]);
  }
  await driver.run();
  // The last request is given up two minutes behind the last event.
  for (let second = 0; second < 15 * 60; second += 5) await driver.advance(5_000);
  return driver;
}

const rowsOf = (driver: TopologyDriver) =>
  driver
    .distinct("marketplace-minutes")
    .map(({ value, headers }) => `${JSON.stringify(headers)} ${value?.toString("base64")}`)
    .sort();

test("when the input stops every minute comes out, once, with nothing too late", async () => {
  const driver = await play(city);
  expect(driver.output(lateEventTopic)).toEqual([]);
  // What the feeds announced is all that is left.
  expect(driver.memory("count-cells").size).toBe(1);
  const subjects = driver.output("marketplace-minutes").map(({ headers }) => {
    const { ce_subject, ce_time } = headers as Record<string, string>;
    return `${ce_subject} ${ce_time}`;
  });
  // A coarse cell and a fine one may lie in both cities.
  expect(subjects.length).toBeGreaterThan(100);
  expect(new Set(rowsOf(driver)).size).toBe(subjects.length);
});

test("shuffled within the lateness, with a fifth of the events twice, the rows are byte for byte the same", async () => {
  const oracle = rowsOf(await play(city));
  for (const seed of [1, 2, 3]) {
    const driver = await play(shuffleWithin(city, latenessMs, seed), { batchSize: 1 + seed * 20 });
    expect(driver.output(lateEventTopic)).toEqual([]);
    expect(rowsOf(driver)).toEqual(oracle);
  }
});

test("a death on the way changes nothing, wherever it is", async () => {
  const whole = await play(city, { batchSize: 40 });
  const oracle = rowsOf(whole);
  const step = Math.ceil(whole.effects / 12);
  for (let at = 1; at < whole.effects; at += step) {
    const driver = await play(city, { deaths: [at, 7], batchSize: 40 });
    expect(driver.died).toBeGreaterThan(0);
    expect(rowsOf(driver), `death after ${at} effects`).toEqual(oracle);
  }
});
