import { describe, expect, test } from "vitest";
import { recordFieldsOf } from "../../../sinks/postgres/avro-type.ts";
import { dataColumnsOf } from "../../../sinks/postgres/columns.ts";
import { readChain } from "../../../sinks/transforms/chain.ts";
import type { Passing } from "../../../sinks/transforms/transform.ts";

const fields = recordFieldsOf({
  type: "record",
  name: "Trip",
  fields: [
    { name: "trip_id", type: "string" },
    { name: "phone", type: ["null", "string"], default: null },
    { name: "fare", type: "long", default: 7 },
    { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
    { name: "tags", type: { type: "array", items: "string" } },
    {
      name: "place",
      type: [
        "null",
        {
          type: "record",
          name: "Place",
          fields: [
            { name: "city", type: "string" },
            { name: "spot", type: { type: "record", name: "Spot", fields: [{ name: "lat", type: "double" }] } },
          ],
        },
      ],
    },
  ],
});
const value = {
  trip_id: "trp_1",
  phone: "+49 170",
  fare: 950,
  at: 1_422_705_600_000,
  tags: ["a"],
  place: { city: "MUC", spot: { lat: 48.1 } },
};
const record = (more: Partial<Passing> = {}): Passing => ({
  topic: "trips",
  partition: 2,
  offset: "9007199254740993",
  timestamp: "5",
  headers: {},
  value,
  ...more,
});

type Options = Readonly<Record<string, Readonly<Record<string, string>>>>;
function compile(transforms: Options, predicates: Options = {}) {
  const flat: Record<string, string> = {
    transforms: Object.keys(transforms).join(),
    predicates: Object.keys(predicates).join(),
  };
  for (const [group, parts] of Object.entries({ transforms, predicates })) {
    for (const [alias, options] of Object.entries(parts)) {
      for (const [key, text] of Object.entries(options)) flat[`${group}.${alias}.${key}`] = text;
    }
  }
  const { chain, problems } = readChain(flat);
  expect(problems).toEqual([]);
  return chain.compile(fields);
}
const columnsOf = (compiled: ReturnType<typeof compile>) =>
  Object.fromEntries(dataColumnsOf(compiled.fields).map(({ name, type }) => [name, type]));

test("without transforms a record is what it was", () => {
  const passing = record();
  expect(compile({}).apply(passing)).toBe(passing);
});

test("Kafka Connect's full names are taken too", () => {
  const { problems } = readChain({
    transforms: "a,b",
    "transforms.a.type": "org.apache.kafka.connect.transforms.MaskField$Value",
    "transforms.a.fields": "phone",
    "transforms.b.type": "io.confluent.connect.transforms.ExtractTopic$Value",
    "transforms.b.field": "phone",
  });
  expect(problems).toEqual([]);
});

test("MaskField: the empty value of the type, or the replacement; null stays null", () => {
  const plain = compile({ m: { type: "MaskField", fields: "phone,fare,tags,place,none" } });
  expect(plain.apply(record())?.value).toEqual({ ...value, phone: "", fare: 0, tags: [], place: null });
  const told = compile({ m: { type: "MaskField", fields: "phone,fare", replacement: "xxx" } });
  expect(told.apply(record())?.value).toEqual({ ...value, phone: "xxx", fare: 0 });
  expect(told.apply(record({ value: { ...value, phone: null } }))?.value?.phone).toBeNull();
  expect(plain.fields).toEqual(fields);
});

test("ReplaceField leaves out, lets through, and renames", () => {
  const some = compile({ r: { type: "ReplaceField", exclude: "place", renames: "trip_id:trip,fare:amount" } });
  expect(Object.keys(columnsOf(some))).toEqual(["trip", "phone", "amount", "at", "tags"]);
  expect(some.apply(record())?.value).toMatchObject({ trip: "trp_1", amount: 950 });
  expect(compile({ r: { type: "ReplaceField", include: "fare" } }).apply(record())?.value).toEqual({ fare: 950 });
});

describe("Cast", () => {
  const cast = (spec: string) => compile({ c: { type: "Cast$Value", spec } });
  test("changes values, columns and defaults", () => {
    const all = cast("fare:string,at:string,trip_id:string,phone:string,tags:string");
    expect(columnsOf(all)).toMatchObject({ fare: "text", at: "text", tags: "text", phone: "text" });
    expect(all.fields.find(({ name }) => name === "fare")?.default).toEqual({ value: "7" });
    expect(all.apply(record())?.value).toMatchObject({ fare: "950", at: "2015-01-31T12:00:00.000Z", tags: '["a"]' });
    expect(columnsOf(cast("fare:int32"))).toMatchObject({ fare: "integer" });
    expect(cast("phone:int64").apply(record({ value: { ...value, phone: " 42 " } }))?.value?.phone).toBe(42n);
    expect(cast("phone:float64").apply(record({ value: { ...value, phone: "4.5" } }))?.value?.phone).toBe(4.5);
    expect(cast("phone:boolean").apply(record({ value: { ...value, phone: "TRUE" } }))?.value?.phone).toBe(true);
    expect(cast("phone:int64").apply(record({ value: { ...value, phone: null } }))?.value?.phone).toBeNull();
  });
  test.each([
    ["phone:int32", "+49 170"],
    ["phone:int8", "128"],
    ["phone:float64", ""],
    ["phone:boolean", "yes"],
    ["fare:int16", 40_000],
  ])("%s refuses %j", (spec, bad) => {
    const [name = ""] = spec.split(":");
    expect(() => cast(spec).apply(record({ value: { ...value, [name]: bad } }))).toThrow(
      expect.objectContaining({ code: "sink_transform_failed" }),
    );
  });
});

test("Flatten: nested records become fields, which may be null when the record may be absent", () => {
  const flat = compile({ f: { type: "Flatten", delimiter: "_" } });
  expect(columnsOf(flat)).toMatchObject({ place_city: "text", place_spot_lat: "double precision", tags: "jsonb" });
  const { place: _place, ...rest } = value;
  expect(flat.apply(record())?.value).toEqual({ ...rest, place_city: "MUC", place_spot_lat: 48.1 });
  expect(flat.apply(record({ value: { ...value, place: null } }))?.value).toMatchObject({
    place_city: null,
    place_spot_lat: null,
  });
});

test("InsertField: where a record came from, exactly, and a text of one's own", () => {
  const inserted = compile({
    i: {
      type: "InsertField",
      "topic.field": "from!",
      "partition.field": "part?",
      "offset.field": "offset",
      "timestamp.field": "came",
      "static.field": "source",
      "static.value": "fleet",
    },
  });
  expect(columnsOf(inserted)).toMatchObject({ from: "text", part: "integer", offset: "bigint", came: "timestamptz" });
  expect(inserted.apply(record())?.value).toMatchObject({
    from: "trips",
    part: 2,
    offset: 9_007_199_254_740_993n,
    came: 5,
    source: "fleet",
  });
});

test("routes change the topic", () => {
  const regex = compile({ r: { type: "RegexRouter", regex: "(.*)s", replacement: "$1-log" } });
  expect(regex.apply(record())?.topic).toBe("trip-log");
  expect(regex.apply(record({ topic: "trip" }))?.topic).toBe("trip");
  const field = compile({ r: { type: "ExtractTopic", field: "phone" } });
  expect(field.apply(record())?.topic).toBe("+49 170");
  expect(() => field.apply(record({ value: { ...value, phone: null } }))).toThrow(
    expect.objectContaining({ code: "sink_transform_failed" }),
  );
  const skipping = compile({ r: { type: "ExtractTopic", field: "phone", "skip.missing.or.null": "true" } });
  expect(skipping.apply(record({ value: { ...value, phone: null } }))?.topic).toBe("trips");
});

test("Filter drops where its predicate holds, or where it does not", () => {
  const filter = (negate: string, predicate: Readonly<Record<string, string>>) =>
    compile({ f: { type: "Filter", predicate: "p", negate } }, { p: predicate });
  const inMunich = { type: "FieldMatches", field: "trip_id", pattern: "trp_[12]" };
  expect(filter("false", inMunich).apply(record())).toBeUndefined();
  expect(filter("true", inMunich).apply(record())).toEqual(record());
  expect(filter("true", inMunich).apply(record({ value: { ...value, trip_id: "trp_12" } }))).toBeUndefined();
  expect(filter("false", { type: "RecordIsTombstone" }).apply(record({ value: null }))).toBeUndefined();
  const header = { type: "HasHeaderKey", name: "ce_id" };
  expect(filter("false", header).apply(record({ headers: { ce_id: "1" } }))).toBeUndefined();
  expect(filter("false", header).apply(record())).toBeDefined();
  expect(filter("false", { type: "TopicNameMatches", pattern: "trip" }).apply(record())).toBeDefined();
});

test("transforms act one behind the other, a tombstone passes through all, and the input stays as it was", () => {
  const before = structuredClone(value);
  const chain = compile({
    a: { type: "Flatten", delimiter: "_" },
    b: { type: "ReplaceField", include: "place_city,fare", renames: "place_city:city" },
    c: { type: "Cast", spec: "fare:string" },
    d: { type: "MaskField", fields: "city", replacement: "-" },
    e: { type: "InsertField", "static.field": "x", "static.value": "y" },
  });
  expect(chain.apply(record())?.value).toEqual({ city: "-", fare: "950", x: "y" });
  expect(chain.apply(record({ value: null }))?.value).toBeNull();
  expect(value).toEqual(before);
});
