import { expect, test } from "vitest";
import { cities } from "../../apps/cities.ts";
import { createLiveCity } from "../../apps/city/live-city.ts";
import type { AppEvent } from "../../apps/event.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, schemaOptions } from "../../schemas/index.ts";
import { eventsOf, greenHeader, greenRow, playFile, tripFiles } from "./fixtures.ts";

const tripFile = tripFiles();

const schemas = createSchemas({ options: readOptions(schemaOptions, {}), log: silentLogger, metrics: createMetrics() });

/** What the door would find wrong, one line a finding, each finding once. */
function findings(events: readonly AppEvent[]): string[] {
  const found = events.flatMap(({ type, data }) =>
    schemas.check(type, data).map(({ code, pointer }) => `${type} ${pointer} ${code}`),
  );
  return [...new Set(found)];
}

test("a replay's events fit the schemas, and their keys are the ones that order them", async () => {
  const file = tripFile([
    greenHeader,
    greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00", flag: "Y" }),
    greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 09:10:00", total: "-3.5" }),
    "2,2015-01-05 11:00:00,,N,-73.95,40.7,,,-1,-2.5,",
  ]);
  const { played } = await playFile(file);
  expect(findings(eventsOf(played))).toEqual([]);
  for (const { keyed } of played) expect(schemas.keyOf(keyed.event.type, keyed.event.data)).toBe(keyed.key);
});

test("the simulated cities' events fit the schemas", () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const city = createLiveCity({ drivers: 30, seed: 3, rate: 20, nowMs });
  const events = [...city.reference(nowMs)];
  for (let i = 0; i < 40_000; i += 1) {
    const event = city.next(nowMs + i * 50);
    if (event !== undefined) events.push(event);
  }
  expect(new Set(events.map(({ event }) => event.type)).size).toBe(17);
  expect(events.filter(({ event }) => event.type === "city")).toHaveLength(cities.length);
  expect(findings(events.map(({ event }) => event))).toEqual([]);
  expect(events.filter(({ key, event }) => schemas.keyOf(event.type, event.data) !== key)).toEqual([]);
}, 30_000);
