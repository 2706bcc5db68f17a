import avro from "avsc";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { KafkaRecord } from "../../../kafka/index.ts";
import { recordFieldsOf } from "../../../sinks/postgres/avro-type.ts";
import { type ColumnType, dataColumnsOf, envelopeColumns } from "../../../sinks/postgres/columns.ts";
import { RowBuffer } from "../../../sinks/postgres/row-buffer.ts";
import { compileRowWriter } from "../../../sinks/postgres/row-writer.ts";
import { readRows } from "./copy-rows.ts";

const record = (fields: object[]) => ({ type: "record", name: "Thing", fields });
const point = { type: "record", name: "Point", fields: [{ name: "x", type: "double" }] };
const all = record([
  { name: "text", type: "string" },
  { name: "maybe_text", type: ["null", "string"] },
  { name: "int", type: "int" },
  { name: "long", type: "long" },
  { name: "double", type: "double" },
  { name: "float", type: "float" },
  { name: "flag", type: "boolean" },
  { name: "bytes", type: "bytes" },
  { name: "fixed", type: { type: "fixed", name: "F", size: 3 } },
  { name: "color", type: { type: "enum", name: "Color", symbols: ["red", "green"] } },
  { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
  { name: "list", type: { type: "array", items: "string" } },
  { name: "map", type: { type: "map", values: "int" } },
  { name: "points", type: { type: "array", items: point } },
  { name: "either", type: ["null", "string", "double"] },
  { name: "later", type: ["null", "Color"], default: null },
]);
const typeOf = (schema: object) => avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false });

const headers = {
  ce_id: Buffer.from("id-1"),
  ce_time: Buffer.from("2015-01-31T23:59:59.123Z"),
  ce_source: Buffer.from("/apps/driver"),
  received_at: Buffer.from("1422748800000"),
};
const kafkaRecord = (own: KafkaRecord["headers"] = headers): KafkaRecord => ({
  offset: "0",
  timestamp: "5",
  key: null,
  value: null,
  headers: own,
});
const source = { topic: "pings", partition: 0 };
const framed = (body: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), body]);

function write(
  writer: object,
  table: object,
  body: Buffer,
  to = new RowBuffer(64),
): { row: unknown[]; minute: number } {
  const columns = dataColumnsOf(recordFieldsOf(table));
  const minute = compileRowWriter(9, recordFieldsOf(writer), columns)(kafkaRecord(), framed(body), to, source);
  const types: ColumnType[] = [...envelopeColumns, ...columns].map((column) => column.type);
  return { row: readRows(to.bytes.subarray(0, to.at), types)[0] ?? [], minute };
}

const nulReplaced = (text: string) => text.replaceAll("\0", "\u2400");
const anyText = fc.string({ unit: "binary", maxLength: 40 });
const anyValue = fc.record({
  text: anyText,
  maybe_text: fc.option(anyText),
  int: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  long: fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), // avsc itself is wrong beyond 2^52
  double: fc.double({ noNaN: true }),
  float: fc.float({ noNaN: true }),
  flag: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fixed: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  color: fc.constantFrom("red", "green"),
  at: fc.integer({ min: -(2 ** 45), max: 2 ** 47 }),
  list: fc.array(anyText, { maxLength: 4 }),
  map: fc.dictionary(
    fc.string({ maxLength: 5 }).filter((key) => key !== "__proto__"),
    fc.integer({ min: -9, max: 9 }),
    { maxKeys: 3 },
  ),
  points: fc.array(
    fc.record({ x: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)) }),
    { maxLength: 3 },
  ),
  either: fc.option(
    fc.oneof(
      anyText,
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
    ),
  ),
  later: fc.option(fc.constantFrom("red", "green")),
});

test("a row holds what a decode of the same bytes gives", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const { row, minute } = write(all, all, typeOf(all).toBuffer(value));
      expect(Math.floor(minute / 1_440)).toBe(16_466);
      expect(row.slice(0, envelopeColumns.length)).toEqual([
        "id-1",
        1_422_748_799_123_000n,
        1_422_748_800_000_000n,
        "/apps/driver",
        null,
        9,
        null,
        null,
        null,
      ]);
      expect(row.slice(envelopeColumns.length)).toEqual([
        nulReplaced(value.text),
        value.maybe_text === null ? null : nulReplaced(value.maybe_text),
        value.int,
        BigInt(value.long),
        value.double,
        value.float,
        value.flag,
        value.bytes,
        value.fixed,
        value.color,
        BigInt(value.at) * 1_000n,
        value.list.map(nulReplaced),
        value.map,
        value.points,
        typeof value.either === "string" ? nulReplaced(value.either) : value.either,
        value.later,
      ]);
    }),
    { numRuns: 300 },
  );
});

test("a corrected time, its error and its flag have columns; what is no number gives none", () => {
  const schema = record([]);
  const timesOf = (own: Readonly<Record<string, string>>) => {
    const to = new RowBuffer(64);
    compileRowWriter(9, [], [])(kafkaRecord({ ...headers, ...own }), framed(typeOf(schema).toBuffer({})), to, source);
    const types = envelopeColumns.map((column) => column.type);
    return readRows(to.bytes.subarray(0, to.at), types)[0]?.slice(6);
  };
  const corrected = { time_corrected: "1422748799500", time_error_ms: "2031" };
  expect(timesOf(corrected)).toEqual([1_422_748_799_500_000n, 2_031, null]);
  expect(timesOf({ ...corrected, time_flag: "future" })).toEqual([1_422_748_799_500_000n, 2_031, "future"]);
  expect(timesOf({ time_corrected: "soon", time_error_ms: "1e99" })).toEqual([null, null, null]);
  expect(timesOf({ time_error_ms: "3000000000" })).toEqual([null, null, null]);
});

test("64-bit numbers keep every bit", () => {
  const schema = record([{ name: "n", type: "long" }]);
  const long = (n: bigint) => {
    const bytes: number[] = [];
    for (let rest = BigInt.asUintN(64, (n << 1n) ^ (n >> 63n)); ; rest >>= 7n) {
      bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
      if (rest <= 0x7fn) return Buffer.from(bytes);
    }
  };
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
      expect(write(schema, schema, long(n)).row[envelopeColumns.length]).toBe(n);
    }),
  );
});

test("records of an older schema get defaults, of a newer one lose what has no column, in any order of fields", () => {
  const table = record([
    { name: "a", type: "string" },
    { name: "b", type: "long" },
    { name: "c", type: "int", default: 7 },
    { name: "d", type: ["null", "string"], default: null },
  ]);
  const old = record([
    { name: "a", type: "string" },
    { name: "b", type: "int" },
  ]);
  const turned = record([
    { name: "d", type: ["string", "null"] },
    { name: "unknown", type: { type: "array", items: "int" } },
    { name: "b", type: "long" },
    { name: "a", type: "string" },
  ]);
  expect(write(old, table, typeOf(old).toBuffer({ a: "x", b: -5 })).row.slice(envelopeColumns.length)).toEqual([
    "x",
    -5n,
    7,
    null,
  ]);
  const body = typeOf(turned).toBuffer({ d: "y", unknown: [1, 2, 3], b: 2 ** 40, a: "z" });
  expect(write(turned, table, body).row.slice(envelopeColumns.length)).toEqual(["z", BigInt(2 ** 40), 7, "y"]);
});

test("bytes that are cut short anywhere, or have more behind them, give no row", () => {
  const value = fc.sample(anyValue, { numRuns: 1, seed: 4 })[0];
  const body = typeOf(all).toBuffer(value);
  for (let length = 0; length < body.length; length++) {
    const to = new RowBuffer(64);
    expect(() => write(all, all, body.subarray(0, length), to)).toThrow(/./);
    expect(to.at).toBe(0);
  }
  expect(() => write(all, all, Buffer.concat([body, Buffer.from([0])]))).toThrow("bytes are left over");
});

test("random bytes never make anything but a row or a verdict", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        write(all, all, Buffer.from(bytes));
      } catch (error) {
        expect(error).toMatchObject({ name: "PipelineError" });
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a record without id or time, and a time out of range, are refused by name", () => {
  const schema = record([{ name: "at", type: { type: "long", logicalType: "timestamp-millis" } }]);
  const columns = dataColumnsOf(recordFieldsOf(schema));
  const writer = compileRowWriter(9, recordFieldsOf(schema), columns);
  const body = (at: number) => framed(typeOf(schema).toBuffer({ at }));
  const { ce_id: _id, ...withoutId } = headers;
  const refusal = (own: KafkaRecord["headers"], at: number) => () =>
    writer(kafkaRecord(own), body(at), new RowBuffer(64), source);
  expect(refusal(withoutId, 0)).toThrow(expect.objectContaining({ code: "sink_envelope_invalid" }));
  expect(refusal({ ...headers, ce_time: "soon" }, 0)).toThrow(
    expect.objectContaining({ code: "sink_envelope_invalid" }),
  );
  expect(refusal(headers, 2 ** 51)).not.toThrow();
  expect(refusal(headers, -(2 ** 51))).toThrow(expect.objectContaining({ code: "sink_value_out_of_range" }));
});
