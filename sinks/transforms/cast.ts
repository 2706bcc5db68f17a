import { listOf } from "../connectors/keys.ts";
import type { AvroType } from "../postgres/avro-type.ts";
import { decimalText, unscaledOf } from "../postgres/logical-types.ts";
import { pairsOf } from "./replace-field.ts";
import { type Compiled, nullable, plainTypeOf, type TransformKind, transformFailed } from "./transform.ts";

type Target = { readonly type: AvroType; convert(value: unknown): unknown };

const whole = (bits: number) => {
  const limit = 2n ** BigInt(bits - 1);
  return (value: unknown): unknown => {
    let number: bigint;
    if (typeof value === "boolean") number = value ? 1n : 0n;
    else if (typeof value === "bigint") number = value;
    else if (typeof value === "number" && Number.isFinite(value)) number = BigInt(Math.trunc(value));
    else if (typeof value === "string" && /^\s*[+-]?\d{1,30}\s*$/.test(value))
      number = BigInt(value.trim().replace(/^\+/, ""));
    else throw transformFailed(`${shown(value)} cannot become a whole number`);
    if (number < -limit || number >= limit) throw transformFailed(`${shown(value)} does not fit ${bits} bits`);
    return bits === 64 ? number : Number(number);
  };
};

const decimal = (value: unknown): unknown => {
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if (typeof value === "object" || Number.isNaN(number))
    throw transformFailed(`${shown(value)} cannot become a number`);
  return number;
};

const truth = (value: unknown): unknown => {
  if (typeof value === "boolean") return value;
  if (typeof value === "number" || typeof value === "bigint") return Number(value) !== 0;
  if (typeof value === "string" && /^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  throw transformFailed(`${shown(value)} cannot become true or false`);
};

const targets: Readonly<Record<string, Target>> = {
  int8: { type: { kind: "int" }, convert: whole(8) },
  int16: { type: { kind: "int" }, convert: whole(16) },
  int32: { type: { kind: "int" }, convert: whole(32) },
  int64: { type: { kind: "long" }, convert: whole(64) },
  float32: { type: { kind: "double" }, convert: (value) => Math.fround(decimal(value) as number) },
  float64: { type: { kind: "double" }, convert: decimal },
  boolean: { type: { kind: "boolean" }, convert: truth },
  string: { type: { kind: "string" }, convert: (value) => value },
};

const shown = (value: unknown): string => {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

/** Kafka Connect's Cast: fields get another type. What cannot be converted becomes a dead letter; null stays null. */
export const cast: TransformKind = {
  predicated: false,
  keys: [
    {
      name: "spec",
      type: "LIST",
      required: true,
      importance: "HIGH",
      group: "Transforms",
      doc: `Fields and their new types, as field:type pairs; types are ${Object.keys(targets).join(", ")}.`,
      expected: (text) =>
        listOf(text).every((pair) => /^[^:\s]+\s*:/.test(pair)) &&
        pairsOf(text).every(([, type]) => Object.hasOwn(targets, type))
          ? undefined
          : `field:type pairs with the types ${Object.keys(targets).join(", ")}`,
    },
  ],
  make(options) {
    const spec = new Map(pairsOf(options.spec ?? ""));
    return {
      compile(fields): Compiled {
        const casts: { name: string; convert: Target["convert"] }[] = [];
        const after = fields.map((field) => {
          const target = targets[spec.get(field.name) ?? ""];
          if (target === undefined) return field;
          const { convert } = target;
          casts.push({ name: field.name, convert: target.type.kind === "string" ? textOf(field.type) : convert });
          const type = field.type.kind === "union" ? nullable(target.type) : target.type;
          const given = field.default?.value;
          if (given === undefined || given === null) return { ...field, type };
          return { ...field, type, default: { value: jsonDefault(casts.at(-1)?.convert(given)) } };
        });
        return {
          fields: after,
          apply(record) {
            if (record.value === null || casts.length === 0) return record;
            const value = { ...record.value };
            for (const { name, convert } of casts) {
              const before = value[name];
              if (before !== null && before !== undefined) value[name] = convert(before);
            }
            return { ...record, value };
          },
        };
      },
    };
  },
};

const jsonDefault = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

/** Times become ISO 8601, decimals digits, bytes base64, lists and records JSON. */
function textOf(declared: AvroType): (value: unknown) => unknown {
  const type = plainTypeOf(declared);
  const isTime = type?.kind === "long" && type.logical === "timestamp-millis";
  const scale = type?.kind === "bytes" || type?.kind === "fixed" ? type.decimal?.scale : undefined;
  return (value) => {
    if (isTime) {
      const date = new Date(Number(value));
      if (Number.isNaN(date.getTime())) throw transformFailed(`${shown(value)} is no time that can be written`);
      return date.toISOString();
    }
    if (Buffer.isBuffer(value)) {
      return scale === undefined ? value.toString("base64") : decimalText(unscaledOf(value), scale);
    }
    if (typeof value === "object")
      return JSON.stringify(value, (_key, each) => (typeof each === "bigint" ? String(each) : each));
    return String(value);
  };
}
