import { afterAll, beforeAll, expect, test } from "vitest";
import { envelopeHeaders } from "../../../schemas/index.ts";
import { lateEventTopic } from "../../../stream/index.ts";
import { marketplaceFlows } from "../../../stream/marketplace/marketplace-flows.ts";
import { announcement, announcementRecord } from "../../../stream/state/announcement.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { shuffleWithin } from "../../support/shuffle-within.ts";
import {
  createTopologyDriver,
  type DriverParts,
  dieEverywhere,
  type TopologyDriver,
} from "../../support/topology-driver.ts";
import { type CityEvent, inventCity, minute, start } from "./invented-city.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
beforeAll(async () => {
  offline = await startOfflineSchemas();
});
afterAll(() => offline.stop());

const latenessMs = 20_000;
const city = inventCity(3, { drivers: 8, trips: 40, minutes: 4 });

const [idleMs, capMs] = [10_000, 2 * minute];
type PlayParts = Partial<Pick<DriverParts, "deaths" | "batchSize" | "partitions">> & { readonly tickMs?: number };

function writeEvent(driver: TopologyDriver, { id, type, timeMs, key, data }: CityEvent): void {
  const time = new Date(timeMs).toISOString();
  const headers = envelopeHeaders({ id, type, source: "/test", time, receivedAt: timeMs });
  const topic = type === "driver.location" ? "driver-locations-enriched" : "trip-events-enriched";
  driver.write(topic, [{ key, value: offline.schemas.encode(type, data, "enriched"), headers }]);
}

/** A driver that has read the events through all four flows. */
async function begin(events: readonly CityEvent[], { tickMs: _, ...parts }: PlayParts = {}): Promise<TopologyDriver> {
  const { schemas } = offline;
  const remembering = marketplaceFlows(schemas, { latenessMs, capMs, patienceMs: 2 * minute });
  const driver = createTopologyDriver({ remembering, partitions: 2, idleMs, ...parts });
  for (const event of events) writeEvent(driver, event);
  await driver.run();
  return driver;
}

/** Then nothing comes any more, and everything that waits comes out by the clock. */
async function play(events: readonly CityEvent[], parts: PlayParts = {}): Promise<TopologyDriver> {
  const driver = await begin(events, parts);
  const { tickMs = 5_000 } = parts;
  // The last request is given up two minutes behind the last event.
  for (let passed = 0; passed < 10 * minute; passed += tickMs) await driver.advance(tickMs);
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

test("when the input stops, every minute that had begun is out within the idle time-out and the cap behind its end", async () => {
  const minutesOf = (driver: TopologyDriver, until: number) =>
    new Set(
      driver.output("marketplace-minutes").flatMap(({ headers }) => {
        const { ce_subject, ce_time } = headers as Record<string, string>;
        return Date.parse(ce_time ?? "") <= until ? [`${ce_subject} ${ce_time}`] : [];
      }),
    );
  const lastMs = Math.max(...city.map(({ timeMs }) => timeMs));
  const lastMinute = Math.floor(lastMs / minute) * minute;
  const whole = minutesOf(await play(city), lastMinute);
  const driver = await begin(city);
  expect(minutesOf(driver, lastMinute).size).toBeLessThan(whole.size);
  const endMs = lastMinute + minute - lastMs;
  for (let passed = 0; passed < endMs + idleMs + capMs; passed += 1_000) await driver.advance(1_000);
  expect(minutesOf(driver, lastMinute)).toEqual(whole);
});

test("when one of those who watch has stopped, minutes come by the cap, and none of them is too late for the next stage", async () => {
  const { schemas } = offline;
  const remembering = marketplaceFlows(schemas, { latenessMs, capMs, patienceMs: 2 * minute });
  const driver = createTopologyDriver({
    remembering: remembering.filter(({ name }) => name !== "watch-drivers"),
    idleMs,
  });
  const stopped = announcement({ flow: "watch-drivers", partition: 0, of: 1, watermarkMs: start, resting: false });
  driver.write("marketplace-signals", [announcementRecord(stopped, 0)]);
  const trips = city.filter(({ type }) => type !== "driver.location");
  // As they happen: the clock of the driver begins with the city.
  for (const event of trips) {
    while (driver.nowMs + 1_000 <= event.timeMs) await driver.advance(1_000);
    writeEvent(driver, event);
  }
  for (let passed = 0; passed < 10 * minute; passed += 1_000) await driver.advance(1_000);
  expect(driver.output(lateEventTopic)).toEqual([]);
  const rows = (await play(trips)).output("marketplace-minutes").length;
  expect(rows).toBeGreaterThan(100);
  expect(driver.output("marketplace-minutes")).toHaveLength(rows);
});

test("a death on the way of many changes nothing, wherever it is", async () => {
  const whole = await play(city, { batchSize: 40 });
  const oracle = rowsOf(whole);
  const step = Math.ceil(whole.effects / 12);
  for (let at = 1; at < whole.effects; at += step) {
    const driver = await play(city, { deaths: [at, 7], batchSize: 40 });
    expect(driver.died).toBeGreaterThan(0);
    expect(rowsOf(driver), `death after ${at} effects`).toEqual(oracle);
  }
});

test("a death at every effect in turn changes nothing", async () => {
  const few = inventCity(5, { drivers: 2, trips: 3, minutes: 1 });
  let oracle: readonly string[] | undefined;
  const times = await dieEverywhere(
    (deaths) => play(few, { deaths, batchSize: 10, partitions: 1, tickMs: 2 * minute }),
    (driver, where) => {
      oracle ??= rowsOf(driver);
      expect(rowsOf(driver), where).toEqual(oracle);
      expect(driver.output(lateEventTopic), where).toEqual([]);
      expect(driver.waiting, where).toBe(0);
    },
  );
  expect(oracle?.length).toBeGreaterThan(10);
  expect(times).toBeGreaterThan(100);
});
