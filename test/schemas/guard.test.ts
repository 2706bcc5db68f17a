import { describe, expect, test } from "vitest";
import { createDecoder, type SchemaDecoder } from "../../schemas/decoders.ts";
import { type AvroRecord, loadCatalogue } from "../../schemas/index.ts";

const catalogue = loadCatalogue();

/** A decoder of what an app.error of this writer schema holds. */
function decoderOf(name: string, fields?: readonly unknown[]): SchemaDecoder {
  const type = catalogue.types.get(name);
  if (type === undefined) throw new Error(name);
  const schema =
    fields === undefined ? type.schema : ({ ...type.schema, fields: [...type.schema.fields, ...fields] } as AvroRecord);
  const decoder = createDecoder(7, schema, catalogue);
  if (!("decode" in decoder)) throw new Error(decoder.reason);
  return decoder;
}

const framing = Buffer.from([0, 0, 0, 0, 7]);
const framed = (...parts: (Buffer | readonly number[])[]) =>
  Buffer.concat([framing, ...parts.map((part) => Buffer.from(part as Buffer))]);
/** Zig-zag of Avro, for any size. */
function long(value: bigint): Buffer {
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n;
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
const text = (value: string) => Buffer.concat([long(BigInt(Buffer.byteLength(value))), Buffer.from(value)]);

const alertHead = Buffer.concat([
  ...["alr_1", "key", "rule"].map(text),
  Buffer.from([0]),
  text("summary"),
  Buffer.from([0]),
  ...["event", "safety.sos"].map(text),
  long(0n),
]);
const alertTail = [0, 0, 0, 0, 2, 0, 0, 0];
const cityHead = Buffer.concat(["cty_1", "name", "US", "USD", "UTC"].map(text));
const errorHead = Buffer.concat([
  text("ses"),
  Buffer.from([0]),
  text("1"),
  text("ios"),
  Buffer.from([0, 0]),
  text("E"),
  text("m"),
]);
const errorTail = Buffer.from([0, 0]);

/** Time and memory that one hostile record costs: the least of some times, as the machine may do something else in any of them. */
function cost(work: () => void): { ms: number; bytes: number } {
  const costs = Array.from({ length: 5 }, () => costOnce(work));
  return { ms: Math.min(...costs.map(({ ms }) => ms)), bytes: Math.min(...costs.map(({ bytes }) => bytes)) };
}

function costOnce(work: () => void): { ms: number; bytes: number } {
  const before = process.memoryUsage();
  const start = performance.now();
  work();
  const after = process.memoryUsage();
  return { ms: performance.now() - start, bytes: after.heapUsed + after.external - before.heapUsed - before.external };
}

describe("hostile bytes are refused at once", () => {
  const attacks: [string, string, Buffer][] = [
    ["a list of 2^30 entries", "app.error", framed(errorHead, long(2n ** 30n), errorTail)],
    ["a list of 2^53 entries", "app.error", framed(errorHead, long(2n ** 53n), errorTail)],
    [
      "a list of 5,000,000 entries in a long record",
      "app.error",
      framed(errorHead, long(5_000_000n), Buffer.alloc(500_000)),
    ],
    [
      "more entries than the schema allows",
      "app.error",
      framed(errorHead, long(201n), Buffer.alloc(201), [0], errorTail),
    ],
    ["many small blocks", "app.error", framed(errorHead, Buffer.alloc(400_000, Buffer.from([2, 0])), [0], errorTail)],
    ["a negative count of 2^40", "app.error", framed(errorHead, long(-(2n ** 40n)), long(10n), errorTail)],
    [
      "a negative count with a negative size",
      "app.error",
      framed(errorHead, long(-1n), long(-8n), text("a"), [0], errorTail),
    ],
    ["records of 16 bytes without the bytes", "city", framed(cityHead, long(9_999n), Buffer.alloc(100))],
    ["a map of 2^30 entries", "alert", framed(alertHead, long(2n ** 30n), alertTail)],
    [
      "a map with the key __proto__",
      "alert",
      framed(alertHead, long(1n), text("__proto__"), text("x"), [0], alertTail),
    ],
    [
      "a map with the key constructor",
      "alert",
      framed(alertHead, long(1n), text("constructor"), text("x"), [0], alertTail),
    ],
    ["a text of 2^31 bytes", "app.error", framed(long(2n ** 31n), text("x"))],
    ["a text of 2^53 bytes", "app.error", framed(long(2n ** 53n), text("x"))],
    ["a text of negative length", "app.error", framed(long(-5n), text("x"))],
    ["an integer that never ends", "app.error", framed(Buffer.alloc(4_000, 0xff))],
    ["an unknown branch of a union", "driver.location", framed(text("drv_1"), Buffer.alloc(16), [8, 0, 0, 0, 0])],
    ["an unknown symbol", "driver.status", framed(text("drv_1"), [64, 0, 0, 0])],
    [
      "not a number",
      "driver.location",
      framed(text("drv_1"), [0, 0, 0, 0, 0, 0, 0xf8, 0x7f], Buffer.alloc(8), [0, 0, 0, 0, 0]),
    ],
    ["bytes behind the end", "driver.location", framed(text("drv_1"), Buffer.alloc(16), [0, 0, 0, 0, 0, 0])],
    ["no bytes at all", "driver.location", framed()],
    ["text that is no UTF-8", "driver.location", framed([4, 0xc3, 0x28], Buffer.alloc(16), [0, 0, 0, 0, 0])],
  ];
  test.each(attacks)("%s", (_what, name, bytes) => {
    const decoder = decoderOf(name);
    expect(decoder.decode(bytes)).toMatchObject({ ok: false, code: "record_bytes_invalid" });
    const { ms, bytes: memory } = cost(() => decoder.decode(bytes));
    expect(ms).toBeLessThan(50);
    expect(memory).toBeLessThan(4_000_000);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test("the honest forms of the same bytes are read", () => {
    const blocks = framed(errorHead, long(-1n), long(2n), text("a"), long(1n), text("b"), [0], errorTail);
    expect(decoderOf("app.error").decode(blocks)).toMatchObject({ ok: true, value: { stack: ["a", "b"] } });
    const labels = framed(alertHead, long(1n), text("a"), text("x"), [0], alertTail);
    expect(decoderOf("alert").decode(labels)).toMatchObject({ ok: true, value: { labels: { a: "x" } } });
    const replaced = framed(text("drv_\ufffd"), Buffer.alloc(16), [0, 0, 0, 0, 0]);
    expect(decoderOf("driver.location").decode(replaced)).toMatchObject({
      ok: true,
      value: { driver_id: "drv_\ufffd" },
    });
  });

  test("a record over the cap is not read", () => {
    const bytes = framed(Buffer.alloc(1_048_576));
    expect(decoderOf("app.error").decode(bytes)).toMatchObject({ ok: false, code: "record_too_large" });
  });

  test("fields that only the writer has are stepped over as safely", () => {
    const decoder = decoderOf("driver.location", [{ name: "extra", type: { type: "array", items: "int" } }]);
    const body = [text("drv_1"), Buffer.alloc(16), Buffer.from([0, 0, 0, 0, 0])];
    expect(decoder.decode(framed(...body, long(2n), [2, 4], [0]))).toMatchObject({
      ok: true,
      value: { driver_id: "drv_1" },
    });
    expect(decoder.decode(framed(...body, long(2n ** 30n), [2, 4], [0]))).toMatchObject({ ok: false });
  });
});

describe("a writer schema that is not safe, or not ours, makes its records unreadable", () => {
  const base = catalogue.types.get("driver.location")?.schema as AvroRecord;
  test.each([
    [
      "recursive",
      { ...base, fields: [...base.fields, { name: "next", type: ["null", "DriverLocation"] }] },
      /contains itself/,
    ],
    [
      "items of no byte",
      { ...base, fields: [...base.fields, { name: "x", type: { type: "array", items: "null" } }] },
      /no byte/,
    ],
    [
      "code in a name",
      { ...base, fields: [...base.fields, { name: "x;process.exit()", type: "int" }] },
      /letters, digits/,
    ],
    ["of another type", { ...base, name: "Unheard" }, /no type known here/],
    ["without a field that we need", { ...base, fields: base.fields.slice(1) }, /cannot be read/],
  ])("%s", (_what, schema, reason) => {
    const refusal = createDecoder(9, schema as AvroRecord, catalogue);
    expect(refusal).toMatchObject({ ok: false, code: "record_type_unknown", reason: expect.stringMatching(reason) });
  });
});
