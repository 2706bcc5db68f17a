import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../runtime/index.ts";
import { ensureEventTables, storedTables } from "../../sinks/index.ts";
import { claim } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";
import {
  count,
  createTestDatabase,
  createTopic,
  day,
  eventRecord,
  framed,
  pingType,
  produce,
  startSink,
  storedUpTo,
  type TestDatabase,
  type TestType,
} from "./pipeline.ts";

let db: TestDatabase;
const run = `${process.pid}-${Date.now()}`;
beforeAll(async () => {
  db = await createTestDatabase("sinks");
});
afterAll(() => db.drop());

const pings = (type: TestType, ids: readonly string[], time?: string) =>
  ids.map((id, n) => eventRecord(id, framed(type, { user: `u${n}`, n }), time));
const untilStored = (group: string, records: number) =>
  eventually(async () => expect(await storedUpTo(db, group)).toBe(records));
const names = (prefix: string, size: number) => Array.from({ length: size }, (_, n) => `${prefix}-${n}`);

test("every event becomes one row, however often it is sent or read", async () => {
  const type = { ...pingType([], 1, `once-${run}`), name: "once.ping" };
  await createTopic(type.topic);
  const ids = names("a", 3_000);
  await produce(type.topic, [
    ...pings(type, ids),
    ...pings(type, ids.slice(0, 500)),
    ...pings(type, ["twice", "twice"]),
    ...[500, 900].flatMap((ms) =>
      pings(type, ["corrected"]).map((record) => ({
        ...record,
        headers: { ...record.headers, time_corrected: String(1_422_705_600_000 + ms), time_error_ms: "2002" },
      })),
    ),
  ]);
  const first = await startSink(db, [type], `once-${run}`);
  await untilStored(`once-${run}`, 3_504);
  await first.service.stop();
  expect(await count(db, "events.once_ping")).toBe(3_002);
  // A second attempt, which corrects the time a little otherwise, does not change it.
  expect(
    await count(
      db,
      "events.once_ping where event_id = 'corrected' and time_error_ms = 2002 and time_corrected = '2015-01-31T12:00:00.500Z'",
    ),
  ).toBe(1);
  expect(
    await count(db, "events.once_ping where event_id = 'a-7' and \"user\" = 'u7' and n = 7 and schema_id = 1"),
  ).toBe(1);

  // The same records again under another name of the sink: all of them are there.
  const second = await startSink(db, [type], `again-${run}`);
  await untilStored(`again-${run}`, 3_504);
  await second.service.stop();
  expect(await count(db, "events.once_ping")).toBe(3_002);
  const rows = (await second.metrics.registry.getSingleMetric("hailstream_sinks_rows_total")?.get())?.values;
  expect(rows?.find((each) => each.labels.outcome === "duplicate")?.value).toBe(3_504);
  expect([...first.failures, ...second.failures]).toEqual([]);
});

test("a restart goes on from the checkpoint, whatever the offsets of the group say", async () => {
  const type = { ...pingType([], 1, `restart-${run}`), name: "restart.ping" };
  const group = `restart-${run}`;
  await createTopic(type.topic, 1);
  await produce(type.topic, pings(type, names("b", 1_000)));
  const first = await startSink(db, [type], group);
  await untilStored(group, 1_000);
  await first.service.stop();
  // A table without a key would show a row twice; a checkpoint that is set back must bring rows back once.
  await db.owner.execute("alter table events.restart_ping drop constraint restart_ping_pkey");
  await db.owner.execute("delete from events.restart_ping where n >= 400");
  await db.owner.execute("update pipeline.checkpoints set next_offset = 400 where consumer = $1", [group]);
  await produce(type.topic, pings(type, names("c", 10)));
  const second = await startSink(db, [type], group);
  await untilStored(group, 1_010);
  await second.service.stop();
  expect(await count(db, "events.restart_ping")).toBe(1_010);
  expect(await count(db, "(select distinct event_id from events.restart_ping) as d")).toBe(1_010);
});

test("a claim by another process fences the flush: nothing of it is stored, and the rightful owner goes on", async () => {
  const type = { ...pingType([], 1, `fence-${run}`), name: "fence.ping" };
  const group = `fence-${run}`;
  await createTopic(type.topic, 1);
  await produce(type.topic, pings(type, names("f", 10)));
  // No stall is so long that the group changes, which would be another claim.
  const sink = await startSink(db, [type], group, { sessionTimeoutMs: 300_000 });
  await untilStored(group, 10);
  const stolen = await claim(db.sink, group, type.topic, 0, 0n);
  await produce(type.topic, pings(type, names("g", 10)));
  await untilStored(group, 20);
  await sink.service.stop();
  const fenced = (await sink.metrics.registry.getSingleMetric("hailstream_sinks_fenced_total")?.get())?.values[0]
    ?.value;
  expect(fenced).toBe(1);
  expect(await count(db, "events.fence_ping")).toBe(20);
  const [row] = await db.owner.query<{ epoch: bigint }>("select epoch from pipeline.checkpoints where consumer = $1", [
    group,
  ]);
  expect(row?.epoch).toBe(stolen.epoch + 1n);
});

test("poison goes to the dead letters with its bytes, in the same flush that stores the rest", async () => {
  const type = {
    ...pingType(
      [{ name: "at", type: { type: "long", logicalType: "timestamp-millis" }, doc: "When." }],
      1,
      `poison-${run}`,
    ),
    name: "poison.ping",
  };
  const group = `poison-${run}`;
  await createTopic(type.topic, 1);
  const good = (id: string, user = "u") => eventRecord(id, framed(type, { user, n: 1, at: 0 }));
  const value = framed(type, { user: "someone", n: 1, at: 0 });
  const bad = [
    { why: "sink_record_unreadable", record: eventRecord("magic", Buffer.from("just text")) },
    {
      why: "sink_schema_unknown",
      record: eventRecord("schema", Buffer.concat([Buffer.from([0, 0, 0, 0, 99]), value.subarray(5)])),
    },
    { why: "sink_record_unreadable", record: eventRecord("short", value.subarray(0, 9)) },
    { why: "sink_value_out_of_range", record: eventRecord("range", framed(type, { user: "u", n: 1, at: -(2 ** 51) })) },
    { why: "sink_envelope_invalid", record: eventRecord("time", value, "yesterday") },
    { why: "store_rejected", record: eventRecord("utf8", Buffer.from(value).fill(0xff, 6, 8)) },
    { why: "store_rejected", record: eventRecord(randomBytes(6_000).toString("hex"), value) },
  ];
  const records = names("p", 2_000).map((id) => good(id));
  bad.forEach(({ record }, i) => void records.splice(100 + i * 250, 0, record));
  records.push(good("nul", "a\0b"));
  await produce(type.topic, records);
  const sink = await startSink(db, [type], group);
  await untilStored(group, records.length);
  await sink.service.stop();
  expect(sink.failures).toEqual([]);
  expect(await count(db, "events.poison_ping")).toBe(2_001);
  expect(await db.owner.query(`select "user" from events.poison_ping where event_id = 'nul'`)).toEqual([
    { user: "a\u2400b" },
  ]);

  const letters = await db.owner.query<{
    reason: string;
    record_offset: bigint;
    value: Buffer;
    headers: object;
    sql_state: string;
  }>("select * from pipeline.dead_letters where consumer = $1 order by record_offset", [group]);
  expect(letters.map((letter) => letter.reason)).toEqual(bad.map(({ why }) => why));
  expect(letters.map((letter) => Number(letter.record_offset))).toEqual(bad.map((_, i) => 100 + i * 250));
  expect(letters.map((letter) => letter.value)).toEqual(bad.map(({ record }) => record.value));
  expect(letters[4]?.headers).toMatchObject({ ce_id: "time", ce_time: "yesterday" });
  expect(letters.map((letter) => letter.sql_state).slice(5)).toEqual(["22021", "54000"]);
});

test("two sinks at once make the partitions of days on demand; days outside of the window go to the default", async () => {
  const type = { ...pingType([], 1, `days-${run}`), name: "days.ping" };
  const group = `days-${run}`;
  await createTopic(type.topic, 4);
  const times = Array.from({ length: 12 }, (_, d) => new Date(Date.parse(day) + d * 86_400_000).toISOString());
  times.push("1999-01-01T00:00:00Z", "2150-01-01T00:00:00Z");
  const records = times.flatMap((time, d) => pings(type, names(`d${d}`, 50), time));
  const sinks = await Promise.all([startSink(db, [type], `1-${group}`), startSink(db, [type], `2-${group}`)]);
  await produce(type.topic, records);
  for (const name of [`1-${group}`, `2-${group}`]) {
    await untilStored(name, records.length);
  }
  await Promise.all(sinks.map((sink) => sink.service.stop()));
  expect(sinks.flatMap((sink) => sink.failures)).toEqual([]);
  expect(await count(db, "events.days_ping")).toBe(records.length);
  expect(await count(db, "events_days.days_ping_default")).toBe(100);
  expect(await count(db, "events_days.days_ping_20150131")).toBe(50);
});

test("rows of the default partition move when their day comes into the window", async () => {
  const type = { ...pingType(), name: "moving.ping" };
  await ensureEventTables(
    db.ownerUrl,
    storedTables([type]).map((table) => table.definition),
    silentLogger,
  );
  const insert = (id: string, at: string) =>
    db.sink.execute(
      "insert into events.moving_ping (event_id, occurred_at, received_at, schema_id) values ($1, $2, now(), 1)",
      [id, at],
    );
  await insert("a", "2015-01-31T23:59:59Z");
  await insert("b", "2015-02-01T00:00:00Z");
  await db.sink.query("select pipeline.ensure_day_partition('moving_ping', '2015-01-31')");
  expect(await db.owner.query("select event_id from events_days.moving_ping_20150131")).toEqual([{ event_id: "a" }]);
  expect(await db.owner.query("select event_id from events_days.moving_ping_default")).toEqual([{ event_id: "b" }]);
});

test("a new field adds a column with its comment; records of both versions are stored", async () => {
  const old = { ...pingType([], 1, `grow-${run}`), name: "grow.ping" };
  const newer = {
    ...pingType([{ name: "mood", type: ["null", "string"], default: null, doc: "How it's going." }], 2, old.topic),
    name: "grow.ping",
  };
  const group = `grow-${run}`;
  await createTopic(old.topic, 1);
  await produce(old.topic, pings(old, ["old"]));
  const first = await startSink(db, [old], group);
  await untilStored(group, 1);
  await first.service.stop();

  await ensureEventTables(
    db.ownerUrl,
    storedTables([newer]).map((table) => table.definition),
    silentLogger,
  );
  await produce(old.topic, [
    ...pings(old, ["old too"]),
    eventRecord("new", framed(newer, { user: "u", n: 1, mood: "fine" })),
  ]);
  const second = await startSink(db, [newer], group, { older: [old] });
  await untilStored(group, 3);
  await second.service.stop();
  const comment =
    "select col_description('events.grow_ping'::regclass, attnum) as words from pg_attribute where attrelid = 'events.grow_ping'::regclass and attname = 'mood'";
  expect(await db.owner.query(comment)).toEqual([{ words: "How it's going." }]);
  expect(await db.owner.query("select event_id, mood from events.grow_ping order by 1")).toEqual([
    { event_id: "new", mood: "fine" },
    { event_id: "old", mood: null },
    { event_id: "old too", mood: null },
  ]);
});
