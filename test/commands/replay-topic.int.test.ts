import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withAdmin } from "../../kafka/index.ts";
import { connection, count, createTopic, produce, storedUpTo } from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";
import { type DlqPipeline, openDlqPipeline } from "./dlq-pipeline.ts";

const run = randomUUID().slice(0, 8);
const group = `events-${run}`;
let pipeline: DlqPipeline;
beforeAll(async () => {
  pipeline = await openDlqPipeline(run);
});
afterAll(() => pipeline?.close());

const rated = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => pipeline.event("trip.rated", `${prefix}-${from + i}-${run}`));
const rows = (prefix: string) => count(pipeline.db, `events.trip_rated where event_id like '${prefix}-%-${run}'`);
/** The moment in which the second transaction of a replay ends. */
const beforeSecond = { table: "pipeline.replays", condition: "old.read > 0", waiter: "replay-topic" };
const clean = { missing: 0, extra: 0, unnamed: 0 };
/** Rows that the ledger says were stored, and those that are there. */
const ledgerAndRows = async ({ db }: DlqPipeline) =>
  (
    await db.owner.query<{ ledger: number; rows: number }>(
      "select coalesce(sum(stored), 0)::int as ledger, (select count(*)::int from events.trip_rated) as rows from audit.ledger where event_table = 'trip_rated'",
    )
  )[0];

test("rows that were deleted by mistake come back beside live traffic, each once, and the ledger stays as it was", async () => {
  const topic = `lost-${run}`;
  await createTopic(topic, 3);
  await produce(topic, rated("lost", 0, 400));
  const sink = await pipeline.startSink("events", group, topic);
  await eventually(async () => expect(await rows("lost")).toBe(400));
  const deleted = await pipeline.db.owner.execute(
    `delete from events.trip_rated where event_id like 'lost-1%-${run}' or event_id like 'lost-2%-${run}'`,
  );
  const ledger = "select sum(read)::int as read, sum(stored)::int as stored from audit.ledger";
  expect(deleted).toBeGreaterThan(200);
  expect(await pipeline.auditRatings(topic)).toEqual({ ...clean, checked: 400, missing: deleted });

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
  await eventually(async () => expect(await rows("lost")).toBe(600));
  expect(await pipeline.replay(...range)).toMatchObject({ code: 0, read: 600, stored: 0, present: 600 });
  expect(await count(pipeline.db, "(select distinct event_id from events.trip_rated)")).toBe(600);
  expect(await pipeline.db.owner.query(ledger)).toEqual([{ read: 600, stored: 600 }]);
  expect(await pipeline.auditRatings(topic)).toEqual({ ...clean, checked: 600 });
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
});

test("into a database that has never seen the topic, the ledger is right: before, behind and beside the live sink", async () => {
  const topic = `new-${run}`;
  await createTopic(topic, 3);
  await produce(topic, rated("new", 0, 90));
  const fresh = await openDlqPipeline(`${run}-new`);
  try {
    const range = ["--topic", topic, "--from", "10m", "--into", "events"];
    const days = () =>
      count(fresh.db, "pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'events_days'");
    const before = await days();
    expect(await fresh.replay(...range, "--dry-run")).toMatchObject({ code: 0, read: 90, stored: 90 });
    expect(await days()).toBe(before);
    expect(await count(fresh.db, "pipeline.replays")).toBe(0);
    expect(await fresh.replay(...range)).toMatchObject({ code: 0, read: 90, stored: 90, ahead: 0 });
    expect(await fresh.auditRatings(topic)).toEqual({ ...clean, checked: 90 });

    // What was counted is not counted again, though no sink has a checkpoint here.
    await fresh.db.owner.execute(`delete from events.trip_rated where event_id like 'new-1%'`);
    expect(await fresh.replay(...range)).toMatchObject({ code: 0, stored: 11, present: 79 });
    expect(await ledgerAndRows(fresh)).toEqual({ ledger: 90, rows: 90 });

    // Nor is what was stored before there was a ledger, as migration 0021 takes it.
    await fresh.db.owner.execute("delete from audit.flushed");
    await fresh.db.owner.execute("delete from audit.minutes");
    await fresh.db.owner.execute(
      `insert into audit.minutes select 'trip_rated', date_bin('1 minute', occurred_at, 'epoch'), '', -1, null, null, 0, 0, count(*), sum(audit.fingerprint(event_id))
       from events.trip_rated group by 2`,
    );
    await fresh.db.owner.execute(`delete from events.trip_rated where event_id like 'new-2%'`);
    expect(await fresh.replay(...range)).toMatchObject({ code: 0, stored: 11, present: 79 });
    expect(await ledgerAndRows(fresh)).toEqual({ ledger: 90, rows: 90 });

    const group = `events-${run}-new`;
    const sink = await fresh.startSink("events", group, topic);
    await eventually(async () => expect(await storedUpTo(fresh.db, group)).toBe(90));
    await sink.stop();
    expect(await fresh.auditRatings(topic)).toEqual({ ...clean, checked: 90 });

    // Offsets that somebody has moved over records.
    await produce(topic, rated("new", 90, 120));
    await fresh.db.owner.execute("update pipeline.checkpoints set next_offset = next_offset + 30");
    expect(await fresh.replay(...range)).toMatchObject({ code: 0, read: 120, stored: 30 });
    expect(await fresh.auditRatings(topic)).toEqual({ ...clean, checked: 120 });
    expect(await ledgerAndRows(fresh)).toEqual({ ledger: 120, rows: 120 });
  } finally {
    await fresh.close();
  }
});

test("dead letters are left to dlq, and what cannot be stored now becomes one", async () => {
  const topic = `letters-${run}`;
  await createTopic(topic, 1);
  await produce(topic, rated("letters", 0, 20));
  const broken = "alter table events.trip_rated add constraint broken";
  await pipeline.db.owner.execute(`${broken} check (event_id not like 'letters-1_-%') not valid`);
  const sink = await pipeline.startSink("events", group, topic);
  await eventually(async () =>
    expect(await count(pipeline.db, `pipeline.dead_letters where topic = '${topic}'`)).toBe(10),
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
  // Nine were counted before they were letters, eleven by the redrive.
  const { ledger, rows: there } = (await ledgerAndRows(pipeline)) ?? {};
  expect(ledger).toBe(there);

  // A letter that was redriven opens again when its row is gone and cannot be stored now.
  await pipeline.db.owner.execute(`delete from events.trip_rated where event_id = 'letters-12-${run}'`);
  await pipeline.db.owner.execute(`${broken} check (event_id not like 'letters-12-%') not valid`);
  const again = await pipeline.replay("--topic", topic, "--from", "10m", "--into", "events");
  expect(again).toMatchObject({ code: 1, stored: 0, present: 19, rejected: 1, letters: 0 });
  const { letters } = await pipeline.list("--topic", topic, "--state", "open");
  expect(letters).toMatchObject([{ eventId: `letters-12-${run}`, attempts: 2, code: "store_rejected" }]);
  expect(await pipeline.auditRatings(topic)).toMatchObject(clean);
  await pipeline.db.owner.execute("alter table events.trip_rated drop constraint broken");
  expect(await pipeline.redrive("--topic", topic)).toMatchObject({ ok: true, matched: 1, redriven: 1 });
  expect(await ledgerAndRows(pipeline)).toEqual({ ledger, rows: there });
  expect(await pipeline.auditRatings(topic)).toMatchObject(clean);
});

test("a kill and Ctrl-C in the middle leave what is stored, and running it again stores the rest, each once", async () => {
  const topic = `cut-${run}`;
  await createTopic(topic, 6);
  await produce(topic, rated("cut", 0, 60));
  const sink = await pipeline.startSink("events", group, topic);
  await eventually(async () => expect(await rows("cut")).toBe(60));
  await sink.stop();
  await pipeline.db.owner.execute(`delete from events.trip_rated where event_id like 'cut-%-${run}'`);
  const range = ["--topic", topic, "--from", "10m", "--into", "events", "--json"];
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    // The first transaction is through, the second one has stored its rows and not committed.
    const { begun } = await pipeline.whileHeld(
      beforeSecond,
      () => pipeline.spawn(["replay-topic"], ...range),
      async ({ child, ended }) => {
        child.kill(signal);
        if (signal === "SIGKILL") await ended;
      },
    );
    const { code, out } = await begun.ended;
    if (signal === "SIGINT") {
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ ok: false, interrupted: true });
    }
    const told = await pipeline.db.owner.query<{ stored: number }>(
      "select sum(stored)::int as stored from pipeline.replays where topic = $1 and finished_at is null",
      [topic],
    );
    const stored = await rows("cut");
    expect(told).toEqual([{ stored }]);
    expect(stored).toBeLessThan(60);
  }
  expect(await rows("cut")).toBeGreaterThan(0);
  expect(await pipeline.replay(...range)).toMatchObject({ code: 0, ok: true, read: 60 });
  expect(await rows("cut")).toBe(60);
  expect(await pipeline.auditRatings(topic)).toMatchObject(clean);
});

/** As retention does. */
const takeAway = (topic: string, partition: number, below: number) =>
  withAdmin(connection(), async (admin) => {
    // It asks for no metadata by itself.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(below) }] });
  });

test("what Kafka no longer has is told, and refused unless what is left is asked for", async () => {
  const topic = `gone-${run}`;
  await createTopic(topic, 2);
  const inPartition = (partition: number, name: string, many: number) =>
    rated(name, 0, many).map((record) => ({ ...record, partition }));
  await produce(topic, [...inPartition(0, "gone0", 12), ...inPartition(1, "gone1", 10)]);
  await takeAway(topic, 0, 7);
  const range = ["--topic", topic, "--into", "events"];
  const refused = await pipeline.replay(...range, "--from", "10m").then(
    () => "nothing",
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({ code: "replay_range_cut" });
  const words = String((refused as Error).message);
  expect(words).toMatch(/partition 0 begins at \S+Z \(7 records before are gone\)/);
  expect(words).not.toContain("partition 1");
  await expect(pipeline.replay(...range, "--from", "10m", "--dry-run")).rejects.toMatchObject({
    code: "replay_range_cut",
  });
  expect(await rows("gone0")).toBe(0);

  const partial = await pipeline.replay(...range, "--from", "10m", "--partial");
  expect(partial).toMatchObject({ code: 0, ok: true, read: 15, stored: 15, cut: [{ partition: 0, gone: 7 }] });
  // From where it says that all is there, it is.
  await produce(topic, inPartition(0, "later", 3));
  const whole = /from (\S+Z) on/.exec(words)?.[1] as string;
  expect(await pipeline.replay(...range, "--from", whole)).toMatchObject({ code: 0, cut: [] });

  // Retention that takes nothing so young has taken nothing of the range.
  const entries = [{ name: "retention.ms", value: String(3_600_000) }];
  await withAdmin(connection(), (admin) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries: entries }] }),
  );
  expect(await pipeline.replay(...range, "--from", "10m")).toMatchObject({ code: 0, cut: [{ partition: 0 }] });
  await takeAway(topic, 1, 10);
  await expect(pipeline.replay(...range, "--from", "2h")).rejects.toThrow(/partition 1 has nothing left \(10 records/);
});

test("what Kafka takes away while it is read is told, too, and the rest is stored", async () => {
  const topic = `eaten-${run}`;
  await createTopic(topic, 1);
  // Several fetches, of which one is made in advance.
  await produce(topic, rated("eaten", 0, 15_000));
  const { begun } = await pipeline.whileHeld(
    beforeSecond,
    () => pipeline.replay("--topic", topic, "--from", "10m", "--into", "events").catch((error: unknown) => error),
    () => takeAway(topic, 0, 14_990),
  );
  expect(await begun).toMatchObject({ code: "replay_range_cut", message: expect.stringContaining("1 partition (0)") });
  const stored = await rows("eaten");
  expect(stored).toBeLessThan(15_000);
  expect(await count(pipeline.db, `events.trip_rated where event_id = 'eaten-14999-${run}'`)).toBe(1);
});

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
  await expect(pipeline.replay(...into, "--dry-run")).rejects.toMatchObject({ code: "dry_run_table_missing" });
  expect(await pipeline.replay(...into)).toMatchObject({ code: 0, read: 4, rejected: 0 });
  const newest = [
    { key: "trip-a", stars: 5 },
    { key: "trip-b", stars: 2 },
  ];
  expect(await stars()).toEqual(newest);
  const older = await pipeline.replay(...into, "--to", middle.toISOString(), "--revive");
  expect(older).toMatchObject({ code: 0, read: 3, stored: 0 });
  expect(await stars()).toEqual(newest);
});

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
});
