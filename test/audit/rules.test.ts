import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../schemas/index.ts";
import { loadRules } from "../../stream/index.ts";
import { alertDriver, eventOf, nowhere, toldBy } from "../stream/alerts/alert-driver.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const start = Date.UTC(2026, 0, 5, 8);
const second = 1_000;

/** The shipped rules, and a way to tell them something at a second. */
function started() {
  const driver = alertDriver(schemas, loadRules(schemas.catalogue, nowhere), { startMs: start });
  const passTo = (atSecond: number) => driver.advance(Math.max(0, start + atSecond * second - driver.nowMs));
  let events = 0;
  return {
    ...{ driver, passTo },
    tell: async (type: string, atSecond: number, data: Readonly<Record<string, unknown>>) => {
      const { topic, record } = eventOf(schemas, type, `e${events++}`, start + atSecond * second, data);
      await passTo(atSecond);
      await driver.pipe(topic, [record]);
    },
  };
}

test("a group that is a minute behind for a minute fires, once for all its topics, and resolves when it has caught up", async () => {
  const { driver, passTo, tell } = started();
  const lag = (seconds: number, source_topic = "trip-events") => ({
    ...{ consumer_group: "hailstream-sink-postgres", source_topic, records: 1_200, seconds },
  });
  for (let at = 0; at <= 140; at += 10) {
    await tell("pipeline.lag", at, lag(at));
    await tell("pipeline.lag", at, lag(at, "trips"));
  }
  const firing = await toldBy(driver, schemas);
  expect(firing.map(({ notification }) => notification)).toEqual(["opened"]);
  expect(firing[0]?.summary).toMatch(/^hailstream-sink-postgres is 1[0-9]{2} s behind in trip/);
  await tell("pipeline.lag", 150, lag(3));
  await tell("pipeline.lag", 150, lag(0, "trips"));
  await passTo(240);
  expect((await toldBy(driver, schemas)).at(-1)).toMatchObject({ notification: "resolved", cause: "condition" });
});

test("a lag below a minute wakes nobody", async () => {
  const { driver, tell } = started();
  for (let at = 0; at <= 300; at += 10)
    await tell("pipeline.lag", at, { consumer_group: "g", source_topic: "t", records: 9, seconds: 55 });
  expect(await toldBy(driver, schemas)).toEqual([]);
});

test("an audit's mismatch fires at once with the ids, and resolves when nothing is wrong any more", async () => {
  const { driver, tell } = started();
  const found = { event_type: "trip.rated", station: "postgres", missing: 5, extra: 1, unnamed: 0 };
  await tell("pipeline.audit", 0, { ...found, missing_ids: "a,b,c,d,e", extra_ids: "f" });
  await tell("pipeline.audit", 15, { ...found, missing_ids: "a,b,c,d,e", extra_ids: "f" });
  const [opened, ...more] = await toldBy(driver, schemas);
  expect(more).toEqual([]);
  expect(opened).toMatchObject({
    summary:
      "Of trip.rated 5 events are missing at postgres and 1 are too many; 0 minutes differ that nobody can name events of.",
    annotations: { missing: "a,b,c,d,e", extra: "f" },
  });
  await tell("pipeline.audit", 30, { ...found, missing: 0, extra: 0, missing_ids: "", extra_ids: "" });
  expect((await toldBy(driver, schemas)).at(-1)).toMatchObject({ notification: "resolved" });
});

test("ten records that a sink could not store fire, fewer do not", async () => {
  const { driver, tell } = started();
  const of = (records: number) => ({ consumer: "hailstream-sink-postgres", source_topic: "trips", code: "c", records });
  await tell("pipeline.rejections", 0, of(9));
  expect(await toldBy(driver, schemas)).toEqual([]);
  await tell("pipeline.rejections", 10, of(10));
  expect((await toldBy(driver, schemas)).map(({ summary }) => summary)).toEqual([
    "10 records of trips became dead letters of hailstream-sink-postgres within a quarter of an hour: c.",
  ]);
});
