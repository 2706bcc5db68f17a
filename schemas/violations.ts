import { didYouMean, type ErrorCode } from "../runtime/index.ts";
import { isStorableText, maxLong } from "./checker.ts";
import { type FieldShape, forbiddenKeys, type RecordShape, type Shape } from "./shape.ts";
import { isTimestamp } from "./timestamps.ts";

/** One thing that is wrong with an event, so that whoever wrote the app can repair it. */
export type Violation = {
  readonly code: ErrorCode;
  /** JSON pointer (RFC 6901) into `data`; the empty text is `data` itself. */
  readonly pointer: string;
  /** In words. */
  readonly expected: string;
  /** In words, cut to a sane length. */
  readonly got: string;
  /** One sentence of all of it. */
  readonly message: string;
  /** The word that was probably meant, for a misspelt name or value. */
  readonly didYouMean?: string;
};

/** More than these help nobody, and a hostile event must not make a large answer. */
export const maxViolations = 20;
const maxShownLength = 60;

/**
 * Everything that is wrong with a value, at most {@link maxViolations}: the slow walk behind the fast predicate of
 * `compileChecker`, which says the same in a yes or no.
 */
export function explainViolations(shape: RecordShape, value: unknown): Violation[] {
  const found: Violation[] = [];
  visit(shape, value, "", {}, found);
  return found.slice(0, maxViolations);
}

function visit(shape: Shape, value: unknown, pointer: string, limits: Partial<FieldShape>, found: Violation[]): void {
  if (found.length >= maxViolations) return;
  switch (shape.kind) {
    case "union": {
      if (value === null) return;
      const branch = shape.branches.find((candidate) => candidate.kind !== "null");
      if (branch === undefined) return;
      const before = found.length;
      visit(branch, value, pointer, limits, found);
      // The reader must know that null would do, too.
      for (let i = before; i < found.length; i++) {
        const violation = found[i] as Violation;
        if (violation.pointer === pointer && violation.code === "event_type_mismatch") {
          found[i] = violate(violation.code, pointer, `${violation.expected} or null`, violation.got);
        }
      }
      return;
    }
    case "record":
      visitRecord(shape, value, pointer, found);
      return;
    case "array":
      if (!Array.isArray(value)) {
        mismatch("a list", value, pointer, found);
        return;
      }
      if (value.length > shape.maxItems) {
        found.push(
          violate("event_items_too_many", pointer, `at most ${shape.maxItems} entries`, `${value.length} entries`),
        );
        return;
      }
      value.forEach((item, i) => void visit(shape.items, item, `${pointer}/${i}`, {}, found));
      return;
    case "map":
      visitMap(shape, value, pointer, found);
      return;
    case "enum":
      if (typeof value !== "string") {
        mismatch(`one of ${shape.symbols.join(", ")}`, value, pointer, found);
        return;
      }
      if (!shape.symbols.includes(value)) {
        const hint = didYouMean(value, shape.symbols);
        const expected = `one of ${shape.symbols.join(", ")}`;
        found.push(violate("event_enum_unknown", pointer, expected, show(value), hint));
      }
      return;
    case "string":
      if (typeof value !== "string") {
        mismatch("a text", value, pointer, found);
        return;
      }
      if (!isStorableText(value)) {
        const expected = "text without NUL characters and half surrogate pairs";
        found.push(violate("event_text_invalid", pointer, expected, show(value)));
      }
      return;
    case "boolean":
      if (typeof value !== "boolean") mismatch("true or false", value, pointer, found);
      return;
    case "null":
      if (value !== null) mismatch("null", value, pointer, found);
      return;
    case "bytes":
    case "fixed":
      if (!Buffer.isBuffer(value) || (shape.kind === "fixed" && value.length !== shape.size)) {
        mismatch(shape.kind === "fixed" ? `${shape.size} bytes` : "bytes", value, pointer, found);
      }
      return;
    case "long":
      if (shape.timestamp) {
        if (!isTimestamp(value)) {
          mismatch("a time as RFC 3339 text with an offset or as whole milliseconds since 1970", value, pointer, found);
        }
        return;
      }
      visitNumber("a whole number", -maxLong, maxLong, value, pointer, limits, found);
      return;
    case "int":
      visitNumber("a whole number", -(2 ** 31), 2 ** 31 - 1, value, pointer, limits, found);
      return;
    case "float":
    case "double":
      visitNumber(
        "a number",
        undefined,
        undefined,
        shape.kind === "float" ? fround(value) : value,
        pointer,
        limits,
        found,
      );
      return;
  }
}

function visitRecord(shape: RecordShape, value: unknown, pointer: string, found: Violation[]): void {
  if (!isPlainObject(value)) {
    mismatch("an object", value, pointer, found);
    return;
  }
  const names = shape.fields.map((field) => field.name);
  const absent = names.filter((name) => !Object.hasOwn(value, name));
  for (const name in value) {
    if (found.length >= maxViolations) return;
    if (forbiddenKeys.includes(name)) {
      found.push(violate("event_key_forbidden", below(pointer, name), "another key", `the key ${show(name)}`));
    } else if (!names.includes(name)) {
      const hint = didYouMean(name, absent) ?? didYouMean(name, names);
      const expected = "only fields that the schema declares";
      found.push(violate("event_field_unknown", below(pointer, name), expected, `the field ${show(name)}`, hint));
    }
  }
  for (const field of shape.fields) {
    const item = value[field.name];
    if (item !== undefined) visit(field.shape, item, below(pointer, field.name), field, found);
    else if (field.default === undefined) {
      found.push(violate("event_field_missing", below(pointer, field.name), wanted(field.shape), "nothing"));
    }
  }
}

function visitMap(shape: Shape & { kind: "map" }, value: unknown, pointer: string, found: Violation[]): void {
  if (!isPlainObject(value)) {
    mismatch("an object of names and values", value, pointer, found);
    return;
  }
  let count = 0;
  for (const key in value) {
    if (++count > shape.maxItems) {
      found.push(violate("event_items_too_many", pointer, `at most ${shape.maxItems} entries`, "more"));
      return;
    }
    const place = below(pointer, key);
    if (forbiddenKeys.includes(key))
      found.push(violate("event_key_forbidden", place, "another key", `the key ${show(key)}`));
    else if (!isStorableText(key)) {
      found.push(
        violate("event_text_invalid", place, "a key without NUL characters and half surrogate pairs", show(key)),
      );
    } else visit(shape.values, value[key], place, {}, found);
  }
}

function visitNumber(
  words: string,
  least: number | undefined,
  most: number | undefined,
  value: unknown,
  pointer: string,
  { minimum, maximum }: Partial<FieldShape>,
  found: Violation[],
): void {
  if (typeof value !== "number") {
    mismatch(words, value, pointer, found);
    return;
  }
  if (!Number.isFinite(value)) {
    found.push(violate("event_number_not_finite", pointer, "a finite number", String(value)));
    return;
  }
  if (least !== undefined && !Number.isInteger(value)) {
    mismatch(words, value, pointer, found);
    return;
  }
  const low = Math.max(least ?? -Infinity, minimum ?? -Infinity);
  const high = Math.min(most ?? Infinity, maximum ?? Infinity);
  if (value >= low && value <= high) return;
  const expected = high === Infinity ? `at least ${low}` : low === -Infinity ? `at most ${high}` : `${low} to ${high}`;
  found.push(violate("event_number_out_of_range", pointer, expected, String(value)));
}

function mismatch(expected: string, value: unknown, pointer: string, found: Violation[]): void {
  found.push(violate("event_type_mismatch", pointer, expected, show(value)));
}

function violate(code: ErrorCode, pointer: string, expected: string, got: string, hint?: string): Violation {
  const advice = hint === undefined ? "" : `; did you mean ${hint}?`;
  const place = pointer === "" ? "The data" : pointer;
  const message = `${place}: expected ${expected}, got ${got}${advice}`;
  return { code, pointer, expected, got, message, ...(hint === undefined ? {} : { didYouMean: hint }) };
}

/** What a field wants, for a field that is not there. */
function wanted(shape: Shape): string {
  switch (shape.kind) {
    case "union":
      return `${wanted(shape.branches.find((branch) => branch.kind !== "null") ?? { kind: "null" })} or null`;
    case "record":
      return "an object";
    case "array":
      return "a list";
    case "map":
      return "an object of names and values";
    case "enum":
      return `one of ${shape.symbols.join(", ")}`;
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    case "long":
      return shape.timestamp ? "a time as RFC 3339 text or whole milliseconds since 1970" : "a whole number";
    case "int":
      return "a whole number";
    case "float":
    case "double":
      return "a number";
    default:
      return shape.kind;
  }
}

/** A value in words: short, on one line, without the content of objects. */
function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return String(value);
  const cut = value.length > maxShownLength ? `${value.slice(0, maxShownLength).toWellFormed()}…` : value;
  return JSON.stringify(cut);
}

function below(pointer: string, key: string): string {
  return `${pointer}/${key.slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function fround(value: unknown): unknown {
  return typeof value === "number" ? Math.fround(value) : value;
}
