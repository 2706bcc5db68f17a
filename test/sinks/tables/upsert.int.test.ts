import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KafkaRecord } from "../../../kafka/index.ts";
import { createTestDatabase, pingType, type TestDatabase } from "../pipeline.ts";
import { row, startTableSink, storeBatch, stored } from "./table-pipeline.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("upsert");
});
afterAll(() => db.drop());

const older = pingType();
const newer = pingType([{ name: "mood", type: ["null", "string"], default: null, doc: "How it goes." }], 2);
const upsert = { topics: "pings", "insert.mode": "upsert" };

/** What a record does, besides where it stands. */
type Act = { readonly key: number; readonly does: "older" | "newer" | "delete" | "poison" };

function recordOf({ key, does }: Act, offset: number): KafkaRecord {
  const name = `k${key}`;
  if (does === "delete") return stored(offset, name, null);
  if (does === "older") return stored(offset, name, row(older, { user: name, n: offset }));
  const value = row(newer, { user: does === "poison" ? "@@" : name, n: offset, mood: `m${offset}` });
  // Two bytes that are no UTF-8: Avro does not mind, Postgres refuses the row.
  if (does === "poison") value.fill(0xff, value.indexOf("@@"), value.indexOf("@@") + 2);
  return stored(offset, name, value);
}

type Row = {
  readonly record_key: string;
  readonly record_offset: number;
  readonly n: number;
  readonly mood: string | null;
};

/** The meaning of the mode, one record after the other. */
function applyOne(rows: Map<string, Row>, { key, does }: Act, offset: number): void {
  const name = `k${key}`;
  const present = rows.get(name);
  if (does === "poison" || (present !== undefined && present.record_offset >= offset)) return;
  if (does === "delete") rows.delete(name);
  else
    rows.set(name, {
      record_key: name,
      record_offset: offset,
      n: offset,
      mood: does === "newer" ? `m${offset}` : null,
    });
}

const poison = (key: number): Act => ({ key, does: "poison" });
const act = fc.record<Act>({
  key: fc.nat(4),
  does: fc.oneof(
    { weight: 4, arbitrary: fc.constant("older" as const) },
    { weight: 4, arbitrary: fc.constant("newer" as const) },
    { weight: 4, arbitrary: fc.constant("delete" as const) },
    { weight: 1, arbitrary: fc.constant("poison" as const) },
  ),
});
/** Batches of a history, and parts of it that are read again in between. */
const history = fc
  .array(act, { minLength: 1, maxLength: 60 })
  .chain((acts) =>
    fc.tuple(fc.constant(acts), fc.array(fc.tuple(fc.nat(acts.length), fc.nat(acts.length)), { maxLength: 8 })),
  );

test("any mixture of inserts, updates and deletes in mixed schema versions equals one record after the other", async () => {
  const { sink } = await startTableSink(db, upsert, [newer], [older]);
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 60, maxLength: 60 }),
      async ([acts, again], sizes) => {
        await db.owner.execute("truncate events.own_app_ping");
        const oracle = new Map<string, Row>();
        const readings: [number, number][] = [];
        for (let from = 0; from < acts.length; ) {
          const to = Math.min(acts.length, from + (sizes[readings.length] ?? 1));
          readings.push([from, to]);
          from = to;
        }
        readings.push(...again.map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]));
        for (const [from, to] of readings) {
          const part = acts.slice(from, to);
          part.forEach((each, i) => void applyOne(oracle, each, from + i));
          await storeBatch(
            db,
            sink,
            part.map((each, i) => recordOf(each, from + i)),
          );
        }
        const rows = await db.owner.query<Row>(
          "select record_key, record_offset::int, n::int, mood from events.own_app_ping order by record_key",
        );
        expect(rows).toEqual([...oracle.values()].sort((a, b) => (a.record_key < b.record_key ? -1 : 1)));
      },
    ),
    {
      numRuns: 120,
      // A refused row before anything was staged on the connection, and a part that only deletes.
      examples: [
        [
          [[poison(1), { key: 0, does: "delete" }], []],
          [2, ...Array.from({ length: 59 }, () => 1)],
        ],
      ],
    },
  );
});

test("a record that the database refuses is the only one that is lost, and the one before it counts", async () => {
  const { sink, metrics } = await startTableSink(db, { ...upsert, name: "poison" }, [newer], [older]);
  const acts: Act[] = [
    { key: 1, does: "newer" },
    { key: 1, does: "poison" },
    { key: 2, does: "older" },
    { key: 3, does: "poison" },
    { key: 3, does: "newer" },
  ];
  const rejections = await storeBatch(db, sink, acts.map(recordOf));
  expect(rejections.map(({ record, sqlState, schemaId }) => [record.offset, sqlState, schemaId])).toEqual([
    ["1", "22021", 2],
  ]);
  expect(await db.owner.query("select record_key, n::int from events.poison_app_ping order by 1")).toEqual([
    { record_key: "k1", n: 0 },
    { record_key: "k2", n: 2 },
    { record_key: "k3", n: 4 },
  ]);
  expect(metrics.registry.getSingleMetric("hailstream_sinks_rows_total")).toBeDefined();
});

test("a key whose records lie in two partitions has the one that came last, whichever is read last", async () => {
  const { sink } = await startTableSink(db, { ...upsert, name: "moved" }, [newer], [older]);
  const at = (time: number) => ({ timestamp: String(time) });
  await storeBatch(db, sink, [stored(900, "k", row(older, { user: "k", n: 1 }), at(1_000))], { partition: 0 });
  await storeBatch(db, sink, [stored(3, "k", row(older, { user: "k", n: 2 }), at(2_000))], { partition: 1 });
  await storeBatch(db, sink, [stored(901, "k", row(older, { user: "k", n: 3 }), at(1_500))], { partition: 0 });
  await storeBatch(db, sink, [stored(902, "k", null, at(1_900))], { partition: 0 });
  const read = "select n::int, record_partition, record_offset::int, event_id from events.moved_app_ping";
  expect(await db.owner.query(read)).toEqual([{ n: 2, record_partition: 1, record_offset: 3, event_id: "e3" }]);
});

test("a record without a key that is text becomes a dead letter; a tombstone deletes nothing where that is off", async () => {
  const { sink } = await startTableSink(db, { ...upsert, name: "kept", "delete.enabled": "false" }, [newer], [older]);
  const value = row(newer, { user: "u", n: 1, mood: null });
  const rejections = await storeBatch(db, sink, [
    stored(0, "k", value),
    stored(1, "", value, { key: null }),
    stored(2, "", value, { key: Buffer.from([0xff]) }),
    stored(3, "k", null),
    stored(4, "", null, { key: null }),
    stored(5, "k\0", value),
  ]);
  expect(rejections.map(({ record, reason }) => [record.offset, reason])).toEqual([
    ["1", "sink_key_missing"],
    ["2", "sink_key_missing"],
  ]);
  expect(await db.owner.query("select record_key from events.kept_app_ping order by 1")).toEqual([
    { record_key: "k" },
    { record_key: "k\u2400" },
  ]);
});

test("the table says what its columns are, and its sink may do no more than it needs", async () => {
  await startTableSink(db, { ...upsert, name: "told" }, [newer], [older]);
  const comment =
    "select col_description('events.told_app_ping'::regclass, attnum) as words from pg_attribute where attrelid = 'events.told_app_ping'::regclass and attname = 'mood'";
  expect(await db.owner.query(comment)).toEqual([{ words: "How it goes." }]);
  const may = async (what: string) =>
    (
      await db.owner.query<{ may: boolean }>("select has_table_privilege('sink', 'events.told_app_ping', $1) as may", [
        what,
      ])
    )[0]?.may;
  expect(await Promise.all(["insert", "update", "delete", "truncate"].map(may))).toEqual([true, true, true, false]);
});
