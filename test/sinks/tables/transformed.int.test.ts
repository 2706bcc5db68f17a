import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, pingType, type TestDatabase } from "../pipeline.ts";
import { row, startTableSink, storeBatch, stored } from "./table-pipeline.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("transformed");
});
afterAll(() => db.drop());

const place = {
  type: "record",
  name: "Place",
  fields: [
    { name: "city", type: "string", doc: "Where." },
    { name: "code", type: "bytes", doc: "A code." },
  ],
};
const type = pingType([
  { name: "place", type: ["null", place], default: null, doc: "The place." },
  { name: "at", type: { type: "long", logicalType: "timestamp-micros" }, default: 0, doc: "When." },
]);
/** A version that did not know the place yet. */
const older = { ...pingType([], 7), name: type.name };
const data = (user: string, n: number, city = "MUC") => ({
  user,
  n,
  place: { city, code: Buffer.from("x") },
  at: 1_500,
});

test("records go through the transforms into a table that is made for what comes out", async () => {
  const { sink, metrics } = await startTableSink(
    db,
    {
      topics: "pings",
      "table.name.format": "fleet_log",
      predicates: "test",
      "predicates.test.type": "FieldMatches",
      "predicates.test.field": "user",
      "predicates.test.pattern": "test-.*",
      transforms: "drop,flat,names,kinds,hide,where",
      "transforms.drop.type": "Filter",
      "transforms.drop.predicate": "test",
      "transforms.flat.type": "Flatten",
      "transforms.flat.delimiter": "_",
      "transforms.names.type": "ReplaceField",
      "transforms.names.renames": "n:number,place_city:city",
      "transforms.kinds.type": "Cast",
      "transforms.kinds.spec": "number:int32",
      "transforms.hide.type": "MaskField",
      "transforms.hide.fields": "user",
      "transforms.hide.replacement": "hidden",
      "transforms.where.type": "InsertField",
      "transforms.where.offset.field": "kafka_offset",
    },
    [type],
    [older],
  );
  const rejections = await storeBatch(db, sink, [
    stored(0, "a", row(type, data("a", 1))),
    stored(1, "b", row(type, data("test-b", 2))),
    stored(2, "c", row(type, data("c", 2 ** 40))),
    stored(3, "d", row(older, { user: "d", n: 4 })),
    stored(4, "a", null),
    // The same event again: one row.
    stored(5, "a", row(type, data("a", 1)), { headers: stored(0, "a", null).headers }),
  ]);
  expect(rejections.map(({ record, reason }) => [record.offset, reason])).toEqual([["2", "sink_transform_failed"]]);
  const rows = await db.owner.query(
    `select event_id, "user", number, city, place_code, at, kafka_offset::int from events.fleet_log order by kafka_offset`,
  );
  const epoch = new Date("1970-01-01T00:00:00Z");
  expect(rows).toEqual([
    {
      event_id: "e0",
      user: "hidden",
      number: 1,
      city: "MUC",
      place_code: Buffer.from("x"),
      at: new Date(1),
      kafka_offset: 0,
    },
    { event_id: "e3", user: "hidden", number: 4, city: null, place_code: null, at: epoch, kafka_offset: 3 },
  ]);
  const exact = "select extract(microseconds from at)::int as micros from events.fleet_log where event_id = 'e0'";
  expect(await db.owner.query(exact)).toEqual([{ micros: 1_500 }]);
  const filtered = await metrics.registry.getSingleMetric("hailstream_sinks_filtered_total")?.get();
  expect(filtered?.values).toEqual([]);
});

test("a field routes each record to its table, which is made when its first record comes", async () => {
  const { sink } = await startTableSink(
    db,
    {
      topics: "pings",
      "table.name.format": `log_\${topic}`,
      transforms: "flat,route",
      "transforms.flat.type": "Flatten",
      "transforms.flat.delimiter": "_",
      "transforms.route.type": "ExtractTopic",
      "transforms.route.field": "place_city",
    },
    [type],
  );
  const rejections = await storeBatch(db, sink, [
    stored(0, "a", row(type, data("a", 1, "Munich"))),
    stored(1, "b", row(type, data("b", 2, "New York"))),
    stored(2, "c", row(type, data("c", 3, "'; drop"))),
    stored(3, "d", row(type, data("d", 4, "x".repeat(80)))),
  ]);
  expect(rejections.map(({ record, reason }) => [record.offset, reason])).toEqual([
    ["2", "sink_transform_failed"],
    ["3", "sink_transform_failed"],
  ]);
  expect(await db.owner.query(`select "user" from events.log_munich`)).toEqual([{ user: "a" }]);
  expect(await db.owner.query(`select "user" from events.log_new_york`)).toEqual([{ user: "b" }]);
});

test("what cannot become a column is refused before a row is touched, with the statement that would do it", async () => {
  await db.owner.execute("create table events.own_app_ping (n text)");
  await expect(startTableSink(db, { topics: "pings", "insert.mode": "upsert" }, [type])).rejects.toMatchObject({
    code: "store_type_conflict",
    message:
      'events.own_app_ping.n is text and must become bigint: alter table events."own_app_ping" alter column "n" type bigint using "n"::bigint;',
  });
});

test("every type of Avro arrives as what it is", async () => {
  const logical = (kind: string, logicalType: string, more: object = {}) => ({ type: kind, logicalType, ...more });
  const kinds = pingType([
    { name: "day", type: logical("int", "date") },
    { name: "clock", type: logical("int", "time-millis") },
    { name: "fine_clock", type: logical("long", "time-micros") },
    { name: "here", type: logical("long", "local-timestamp-millis") },
    { name: "id", type: logical("string", "uuid") },
    { name: "price", type: ["null", logical("bytes", "decimal", { precision: 30, scale: 3 })] },
    { name: "shade", type: { type: "enum", name: "Shade", symbols: ["light", "dark"] } },
    { name: "list", type: { type: "array", items: "int" } },
    { name: "map", type: { type: "map", values: "string" } },
  ]);
  const value = {
    user: "u\0",
    n: 1,
    day: -10_000,
    clock: 3_661_001,
    fine_clock: 1,
    here: 0,
    id: "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11",
    price: Buffer.from("ff00000000000001", "hex"),
    shade: "dark",
    list: [1, 2],
    map: { a: "b\0" },
  };
  // With and without transforms the same row.
  for (const [name, more] of [
    ["plain", {}],
    ["through", { transforms: "i", "transforms.i.type": "InsertField", "transforms.i.static.field": "x" }],
  ] as const) {
    const { sink } = await startTableSink(db, { name, topics: "pings", "insert.mode": "upsert", ...more }, [kinds]);
    expect(await storeBatch(db, sink, [stored(0, "k", row(kinds, value))])).toEqual([]);
    const [found] = await db.owner.query(
      `select "user", day::text, clock::text, fine_clock::text, here::text, id::text, price::text, shade, list, map from events.${name}_app_ping`,
    );
    expect(found).toEqual({
      user: "u\u2400",
      day: "1942-08-16",
      clock: "01:01:01.001",
      fine_clock: "00:00:00.000001",
      here: "1970-01-01 00:00:00",
      id: "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11",
      price: "-72057594037927.935",
      shade: "dark",
      list: [1, 2],
      map: { a: "b\u2400" },
    });
  }
});
