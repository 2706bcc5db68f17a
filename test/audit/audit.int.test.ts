import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../apps/random.ts";
import { type AuditResult, createAudit } from "../../audit/index.ts";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import type { Database } from "../../store/index.ts";
import {
  connection,
  createTestDatabase,
  createTopic,
  eventRecord,
  framed,
  pingType,
  produce,
  startSink,
  storedUpTo,
  type TestDatabase,
} from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";

/** `npm run proof -- audit`: 1,000,000. */
const events = Number(process.env.AUDIT_EVENTS ?? 6_000);
const patience = { timeoutMs: 180_000 + events / 5 };
const topic = `audit-pings-${process.pid}-${Date.now()}`;
const group = "audit-sink";
const type = pingType([], 1, topic);
const table = { type: type.name, tableName: "app_ping", keyField: "user", source: topic, topic };
const firstMs = Date.UTC(2015, 0, 31, 12);

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase("audit");
  await createTopic(topic);
});

afterAll(() => db.drop());

/** Event `n` of some hours, in the order of time but for some seconds. */
function eventOf(n: number, jitterMs = 0): OutgoingRecord {
  const id = `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`;
  const time = new Date(firstMs + Math.floor((n * 3 * 3_600_000) / events) + jitterMs).toISOString();
  return eventRecord(id, framed(type, { user: `user-${n % 97}`, n }), time, `user-${n % 97}`);
}

const parts = ({ owner }: TestDatabase) => ({
  ...{ sinkGroup: group, db: owner, connection: connection(), metrics: createMetrics(), log: silentLogger },
});
const idOf = (n: number) => String((eventOf(n).headers as Record<string, string>).ce_id);
const audit = () => createAudit({ ...parts(db), tables: [table] });
const nothing = { missing: [], extra: [], unnamed: [] };
const asNamed = (id: string) => ({ id, type: type.name, where: "postgres" });
const named = (...ids: string[]) => ids.sort().map(asNamed);
const sorted = <T extends { readonly id: string }>(found: readonly T[]) =>
  [...found].sort((a, b) => (a.id < b.id ? -1 : 1));

test("no false alarm while events come late, twice and during rebalances; then five lost rows and a doubled one are named", {
  timeout: 2 * patience.timeoutMs,
}, async () => {
  const random = createRandom(11);
  const records: OutgoingRecord[] = [];
  for (let n = 0; n < events; n++) {
    records.push(eventOf(n));
    // Some come once more, some much later, so that flushes go through the stage.
    if (random() < 0.005) records.push(eventOf(Math.floor(random() * (n + 1))));
  }
  records.push({ ...eventRecord("bad", Buffer.from("no framing")), key: "user-1" });

  const first = await startSink(db, [type], group);
  const second = await startSink(db, [type], group);
  const whileItGoesOn = audit();
  const results: AuditResult[] = [];
  const slices = 6;
  for (let slice = 0; slice < slices; slice++) {
    const [from, to] = [slice, slice + 1].map((n) => Math.floor((n * records.length) / slices));
    await produce(topic, records.slice(from, to));
    // So that one of the audits has some before it and not all, however long the two take to share the partitions.
    if (slice === 0) await eventually(async () => (await storedUpTo(db, group)) > 0, patience);
    // The second member leaves while events are stored, and the audit is made all the while.
    const left = slice === 2 ? second.service.stop() : undefined;
    results.push(await whileItGoesOn.run());
    await left;
  }
  await eventually(async () => (await storedUpTo(db, group)) === records.length, patience);
  expect(results.map(({ missing, extra, unnamed }) => ({ missing, extra, unnamed }))).toEqual(
    results.map(() => nothing),
  );
  expect(results.some(({ checked }) => checked > 0 && checked < events)).toBe(true);
  expect(await audit().run()).toMatchObject({ ...nothing, checked: events });

  const lost = [3, 77, 1_234, 2_500, events - 1].map(idOf);
  const doubled = idOf(4_321);
  await db.owner.execute("delete from events.app_ping where event_id = any ($1)", [lost]);
  await db.owner.execute(
    `insert into events.app_ping select (jsonb_populate_record(p, jsonb_build_object('occurred_at', p.occurred_at + interval '1 second'))).*
       from events.app_ping p where event_id = $1`,
    [doubled],
  );
  const begin = performance.now();
  const result = await audit().run();
  expect(sorted(result.missing)).toEqual(named(...lost));
  expect(result.extra).toEqual(named(doubled));
  expect(result.unnamed).toEqual([]);
  // The bar of the proof; a test is not timed.
  if (process.env.AUDIT_EVENTS !== undefined) expect(performance.now() - begin).toBeLessThan(120_000);
  process.stderr.write(
    `audit of ${events} events: ${Math.round(performance.now() - begin)} ms to name what is wrong\n`,
  );

  // Only of the span that was asked for.
  const late = await audit().run({ from: firstMs + 2 * 3_600_000 });
  expect(late.missing).toEqual(named(idOf(events - 1)));

  await first.service.stop();
  expect(first.failures).toEqual([]);
  expect(second.failures).toEqual([]);
});

test("a loss and a doubled row of the same minute do not cancel out", async () => {
  const [lost, doubled] = [idOf(100), idOf(101)];
  await db.owner.execute("delete from events.app_ping where event_id = $1", [lost]);
  await db.owner.execute(
    `insert into events.app_ping select (jsonb_populate_record(p, jsonb_build_object('occurred_at', p.occurred_at + interval '1 microsecond'))).*
     from events.app_ping p where event_id = $1`,
    [doubled],
  );
  const result = await audit().run({ from: firstMs, to: firstMs + 3_600_000 });
  expect(result.missing).toContainEqual(asNamed(lost));
  expect(result.extra).toContainEqual(asNamed(doubled));
});

test("an event whose dead letter is redriven while it is looked for is not told as missing", async () => {
  const own = await createTestDatabase("audit_letters");
  try {
    const name = `${topic}-letters`;
    const ofTopic = pingType([], 1, name);
    await createTopic(name, 1);
    const sink = await startSink(own, [ofTopic], group);
    await own.owner.execute("alter table events.app_ping add constraint odd check (n <> 1)");
    await produce(name, [eventOf(0), eventOf(1)]);
    await eventually(async () => (await storedUpTo(own, group)) === 2, patience);
    await sink.service.stop();
    await own.owner.execute("alter table events.app_ping drop constraint odd");
    // When the rows have been looked at, and before the letters are.
    let redriven = 0;
    const query: Database["query"] = async (sql, values) => {
      if (sql.includes("from pipeline.dead_letters where state = 'open'") && redriven === 0) {
        redriven = await own.owner.execute("update pipeline.dead_letters set state = 'redriven'");
        await own.owner.execute(
          `insert into events.app_ping select (jsonb_populate_record(p, jsonb_build_object('event_id', $1::text, 'n', 1))).* from events.app_ping p`,
          [idOf(1)],
        );
      }
      return own.owner.query(sql, values);
    };
    const of = { ...table, source: name, topic: name };
    const check = createAudit({ ...parts(own), db: { ...own.owner, query }, tables: [of] });
    expect(await check.run()).toMatchObject(nothing);
    expect(redriven).toBe(1);
  } finally {
    await own.drop();
  }
});

test("what was stored before there was a ledger is taken as it is, and told as a minute when it is gone", async () => {
  const old = await createTestDatabase("audit_old");
  try {
    const sink = await startSink(old, [type], "audit-old");
    await sink.service.stop();
    await old.owner.execute(
      "insert into events.app_ping (event_id, occurred_at, received_at, schema_id, \"user\", n) values ('older', '2014-01-01T00:00:10Z', now(), 1, 'u', 1)",
    );
    await old.owner.execute(
      `insert into audit.minutes select 'app_ping', '2014-01-01T00:00:00Z', '', -1, null, null, 0, 0, 1, audit.fingerprint('older')`,
    );
    const check = createAudit({ ...parts(old), tables: [table] });
    const span = { to: Date.UTC(2014, 1, 1) };
    expect(await check.run(span)).toMatchObject({ ...nothing, checked: 1 });
    await old.owner.execute("delete from events.app_ping where event_id = 'older'");
    expect(await check.run(span)).toMatchObject({
      missing: [],
      extra: [],
      unnamed: [{ type: type.name, where: "postgres", minute: "2014-01-01T00:00:00.000Z", rows: 0, stored: 1 }],
    });
  } finally {
    await old.drop();
  }
});
