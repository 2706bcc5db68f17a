import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { count, createTopic, produce } from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";
import { type DlqPipeline, openDlqPipeline } from "./dlq-pipeline.ts";

const run = randomUUID().slice(0, 8);
const group = `events-${run}`;
let pipeline: DlqPipeline;
beforeAll(async () => {
  pipeline = await openDlqPipeline(run);
}, 60_000);
afterAll(() => pipeline?.close());

const rated = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => pipeline.event("trip.rated", `${prefix}-${from + i}-${run}`));
const rows = (prefix: string) => count(pipeline.db, `events.trip_rated where event_id like '${prefix}-%-${run}'`);
const patience = { timeoutMs: 30_000 };

test("rows that were deleted by mistake come back beside live traffic, each once, and the ledger stays as it was", async () => {
  const topic = `lost-${run}`;
  await createTopic(topic, 3);
  await produce(topic, rated("lost", 0, 400));
  const sink = await pipeline.startSink("events", group, topic);
  await eventually(async () => expect(await rows("lost")).toBe(400), patience);
  const deleted = await pipeline.db.owner.execute(
    `delete from events.trip_rated where event_id like 'lost-1%-${run}' or event_id like 'lost-2%-${run}'`,
  );
  const ledger = "select sum(read)::int as read, sum(stored)::int as stored from audit.ledger";
  expect(deleted).toBeGreaterThan(200);

  const range = ["--topic", topic, "--from", "10m", "--into", "events"];
  const dry = await pipeline.replay(...range, "--dry-run");
  expect(dry).toMatchObject({
    code: 0,
    dryRun: true,
    replay: null,
    read: 400,
    stored: deleted,
    present: 400 - deleted,
  });
  expect(await rows("lost")).toBe(400 - deleted);

  const live = produce(topic, rated("lost", 400, 600));
  const told = await pipeline.replay(...range);
  expect(told).toMatchObject({ code: 0, ok: true, stored: deleted, rejected: 0, letters: 0, interrupted: false });
  await live;
  await eventually(async () => expect(await rows("lost")).toBe(600), patience);
  expect(await pipeline.replay(...range)).toMatchObject({ code: 0, read: 600, stored: 0, present: 600 });
  expect(await count(pipeline.db, "(select distinct event_id from events.trip_rated)")).toBe(600);
  expect(await pipeline.db.owner.query(ledger)).toEqual([{ read: 600, stored: 600 }]);
  const lines = await pipeline.db.owner.query(
    "select by, connector, stored::int, finished_at is not null as ended from pipeline.replays order by replay_id",
  );
  expect(lines).toEqual([
    { by: "tester", connector: "events", stored: deleted, ended: true },
    { by: "tester", connector: "events", stored: 0, ended: true },
  ]);
  await sink.stop();

  // What the sink has not come to is left to it.
  await produce(topic, rated("lost", 600, 610));
  expect(await pipeline.replay(...range)).toMatchObject({ code: 0, read: 610, stored: 0, ahead: 10 });
  expect(await rows("lost")).toBe(600);
}, 120_000);

test("dead letters are left to dlq, and what cannot be stored now becomes one", async () => {
  const topic = `letters-${run}`;
  await createTopic(topic, 1);
  await produce(topic, rated("letters", 0, 20));
  const broken = "alter table events.trip_rated add constraint broken";
  await pipeline.db.owner.execute(`${broken} check (event_id not like 'letters-1_-%') not valid`);
  const sink = await pipeline.startSink("events", group, topic);
  await eventually(
    async () => expect(await count(pipeline.db, `pipeline.dead_letters where topic = '${topic}'`)).toBe(10),
    patience,
  );
  await sink.stop();
  await pipeline.db.owner.execute("alter table events.trip_rated drop constraint broken");
  await pipeline.db.owner.execute(
    `delete from events.trip_rated where event_id in ('letters-3-${run}', 'letters-4-${run}')`,
  );
  await pipeline.db.owner.execute(`${broken} check (event_id not like 'letters-3-%') not valid`);

  const told = await pipeline.replay("--topic", topic, "--from", "10m", "--into", "events");
  expect(told).toMatchObject({ code: 1, ok: false, read: 20, stored: 1, present: 8, rejected: 1, letters: 10 });
  await pipeline.db.owner.execute("alter table events.trip_rated drop constraint broken");
  expect(await pipeline.dlq("redrive", "--topic", topic, "--json").then(({ out }) => JSON.parse(out))).toMatchObject({
    ...{ ok: true, redriven: 11 },
  });
  expect(await rows("letters")).toBe(20);
}, 60_000);

test("a connector of its own fills a fresh table from the time that was asked for, and a newer row keeps its place", async () => {
  const topic = `fresh-${run}`;
  await createTopic(topic, 1);
  const keyed = (id: string, stars: number) =>
    pipeline.event("trip.rated", `${id}-${run}`, { rating: stars }, `trip-${id.slice(0, 1)}`);
  await produce(topic, [keyed("a1", 1), keyed("b1", 2), keyed("a2", 3)]);
  const middle = new Date();
  await produce(topic, [keyed("a3", 5)]);
  pipeline.declare("fresh", [
    `name: fresh-${run}`,
    "connector.class: PostgresSink",
    `topics: ${topic}`,
    "insert.mode: upsert",
    "table.name.format: fresh_ratings",
  ]);
  const into = ["--topic", topic, "--from", "10m", "--into", `fresh-${run}`];
  const stars = () =>
    pipeline.db.owner.query("select record_key as key, rating as stars from events.fresh_ratings order by 1");
  await expect(pipeline.replay(...into, "--to", middle.toISOString())).rejects.toMatchObject({
    code: "replay_may_revive",
  });
  expect(await pipeline.replay(...into)).toMatchObject({ code: 0, read: 4, rejected: 0 });
  const newest = [
    { key: "trip-a", stars: 5 },
    { key: "trip-b", stars: 2 },
  ];
  expect(await stars()).toEqual(newest);
  const older = await pipeline.replay(...into, "--to", middle.toISOString(), "--revive");
  expect(older).toMatchObject({ code: 0, read: 3, stored: 0 });
  expect(await stars()).toEqual(newest);
}, 60_000);

test("what cannot be is said, with the nearest name", async () => {
  const topic = `words-${run}`;
  await createTopic(topic, 1);
  const replay = (...words: readonly string[]) => pipeline.replay("--topic", topic, "--from", "1h", ...words);
  await expect(replay("--into", "event")).rejects.toThrow(/did you mean events/);
  await expect(replay("--into", "alerts")).rejects.toMatchObject({ code: "replay_sink_tells" });
  await expect(replay("--into", "quarantine")).rejects.toMatchObject({ code: "replay_topic_not_read" });
  await expect(replay("--into", "events", "--to", "2h")).rejects.toMatchObject({ code: "option_invalid" });
  await expect(pipeline.replay("--topic", "nowhere", "--from", "1h", "--into", "events")).rejects.toMatchObject({
    code: "kafka_topic_missing",
  });
}, 60_000);
