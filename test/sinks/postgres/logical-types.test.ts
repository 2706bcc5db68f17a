import avro from "avsc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AvroReader } from "../../../sinks/postgres/avro-reader.ts";
import { recordFieldsOf } from "../../../sinks/postgres/avro-type.ts";
import { type ColumnType, dataColumnsOf } from "../../../sinks/postgres/columns.ts";
import { decimalText, unscaledOf } from "../../../sinks/postgres/logical-types.ts";
import { RowBuffer } from "../../../sinks/postgres/row-buffer.ts";
import { defaultFieldOf, fieldWriterOf } from "../../../sinks/postgres/write-field.ts";
import { readRows } from "./copy-rows.ts";

const uuid = "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11";
const schema = (type: object, rest: object = {}) => ({
  type: "record",
  name: "R",
  fields: [{ name: "f", type, ...rest }],
});

/** What goes to Postgres for an Avro value, read back by the manual's description. */
function through(type: object, value: unknown): { column: ColumnType; field: unknown } {
  const [column] = dataColumnsOf(recordFieldsOf(schema(type)));
  if (column === undefined) throw new Error("no column");
  const reader = new AvroReader();
  reader.open(avro.Type.forSchema(schema(type) as avro.Schema, { logicalTypes: {} }).toBuffer({ f: value }), 0);
  const to = new RowBuffer(64);
  to.startRow(1);
  fieldWriterOf(column.field.type, column.type)?.(reader, to);
  reader.finish();
  return { column: column.type, field: readRows(to.bytes.subarray(0, to.at), [column.type])[0]?.[0] };
}

test.each([
  [{ type: "int", logicalType: "date" }, 20_000, "date", 20_000],
  [{ type: "int", logicalType: "date" }, -1, "date", -1],
  [{ type: "int", logicalType: "time-millis" }, 86_399_999, "time", 86_399_999_000n],
  [{ type: "long", logicalType: "time-micros" }, 86_399_999_999, "time", 86_399_999_999n],
  [{ type: "long", logicalType: "timestamp-micros" }, -1, "timestamptz", -1n],
  [{ type: "long", logicalType: "local-timestamp-millis" }, 1_500, "timestamp", 1_500_000n],
  [{ type: "long", logicalType: "local-timestamp-micros" }, 1_501, "timestamp", 1_501n],
  [{ type: "string", logicalType: "uuid" }, uuid, "uuid", uuid.replaceAll("-", "")],
  [{ type: "string", logicalType: "something-else" }, "x", "text", "x"],
])("%j of %j is a column of type %s", (type, value, column, field) => {
  expect(through(type, value)).toEqual({ column, field });
});

test.each([
  [{ type: "string", logicalType: "uuid" }, "no uuid"],
  [{ type: "int", logicalType: "time-millis" }, 86_400_000],
  [{ type: "long", logicalType: "time-micros" }, -1],
])("%j refuses %j", (type, value) => {
  expect(() => through(type, value)).toThrow(expect.objectContaining({ code: "sink_value_out_of_range" }));
});

const decimal = (scale: number) => ({ type: "bytes", logicalType: "decimal", precision: 60, scale });

function bytesOf(value: bigint): Buffer {
  let size = 1;
  while (BigInt.asIntN(size * 8, value) !== value) size++;
  return Buffer.from(
    BigInt.asUintN(size * 8, value)
      .toString(16)
      .padStart(size * 2, "0"),
    "hex",
  );
}

/** Reads numeric's binary form independently: the sum of digit * 10000^(weight - i), and the scale. */
function numericText(hex: unknown): string {
  const field = Buffer.from(String(hex), "hex");
  const weight = field.readInt16BE(2);
  const scale = field.readInt16BE(6);
  let scaled = 0n;
  for (let i = 0; i < field.readInt16BE(0); i++) {
    const power = 4 * (weight - i) + scale;
    const digit = BigInt(field.readInt16BE(8 + 2 * i));
    scaled += power >= 0 ? digit * 10n ** BigInt(power) : digit / 10n ** BigInt(-power);
  }
  return decimalText(field.readUInt16BE(4) === 0x4000 ? -scaled : scaled, scale);
}

test("a decimal is numeric, with every digit and its scale", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }), fc.nat(12), (value, scale) => {
      expect(unscaledOf(bytesOf(value))).toBe(value);
      const { column, field } = through(decimal(scale), bytesOf(value));
      expect(column).toBe("numeric");
      expect(numericText(field)).toBe(decimalText(value, scale));
    }),
    { numRuns: 500 },
  );
  expect([decimalText(-5n, 2), decimalText(12_345n, 2), decimalText(0n, 0)]).toEqual(["-0.05", "123.45", "0"]);
});

test("defaults of such types are what they say", () => {
  const fieldOf = (type: object, value: unknown) => {
    const [column] = dataColumnsOf(recordFieldsOf(schema(type, { default: value })));
    if (column === undefined) throw new Error("no column");
    const bytes = defaultFieldOf(column.field.default?.value, column.type, column.field.type);
    return readRows(Buffer.concat([Buffer.from([0, 1]), bytes]), [column.type])[0]?.[0];
  };
  expect(fieldOf({ type: "int", logicalType: "date" }, 7)).toBe(7);
  expect(fieldOf({ type: "string", logicalType: "uuid" }, uuid)).toBe(uuid.replaceAll("-", ""));
  expect(fieldOf({ type: "long", logicalType: "timestamp-micros" }, -1)).toBe(-1n);
  expect(numericText(fieldOf(decimal(2), "\u00ff"))).toBe("-0.01");
});
