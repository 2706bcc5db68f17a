import { type FieldShape, forbiddenKeys, type RecordShape, type Shape } from "./shape.ts";
import { isTimestamp } from "./timestamps.ts";

/** 2^52 - 1: avsc's zig-zag doubles the number before it is written, and so spoils longs beyond it without a word. */
export const maxLong = 4_503_599_627_370_495;

/** Whether Postgres can hold the text and UTF-8 can carry it: no NUL, no half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/**
 * Compiles a predicate that is true exactly when `explainViolations` finds nothing. It runs once for each event, so it is
 * compiled to code: one branch a field, no allocation. Names are of letters, digits and underscores (see `parseShape`), so they
 * are safe to put into code.
 */
export function compileChecker(shape: RecordShape): (value: unknown) => boolean {
  const functions: string[] = [];
  const root = recordFunction(shape, functions);
  const body = `"use strict"; const P = Object.prototype; ${functions.join("\n")} return ${root};`;
  const make = new Function("isTimestamp", "isStorableText", "forbidden", body);
  return make(isTimestamp, isStorableText, new Set(forbiddenKeys)) as (value: unknown) => boolean;
}

function recordFunction(shape: RecordShape, functions: string[]): string {
  const cases = shape.fields.map((field) => `case ${JSON.stringify(field.name)}:`).join(" ");
  const tests = shape.fields.map((field, i) => {
    const test = condition(field.shape, `f${i}`, functions, field);
    const mayLeaveOut = field.default === undefined ? "" : `f${i} !== undefined && `;
    return `const f${i} = v.${field.name}; if (${mayLeaveOut}!(${test})) return false;`;
  });
  return define(
    functions,
    `if (typeof v !== "object" || v === null) return false;
     const p = Object.getPrototypeOf(v); if (p !== P && p !== null) return false;
     for (const k in v) switch (k) { ${cases} break; default: return false; }
     ${tests.join("\n")}
     return true;`,
  );
}

/** The name of a new function of the value `v`. */
function define(functions: string[], body: string): string {
  const name = `check${functions.length}`;
  functions.push(`function ${name}(v) { ${body} }`);
  return name;
}

function condition(shape: Shape, v: string, functions: string[], limits: Partial<FieldShape> = {}): string {
  switch (shape.kind) {
    case "null":
      return `${v} === null`;
    case "boolean":
      return `typeof ${v} === "boolean"`;
    case "string":
      return `typeof ${v} === "string" && isStorableText(${v})`;
    case "bytes":
      return `Buffer.isBuffer(${v})`;
    case "fixed":
      return `Buffer.isBuffer(${v}) && ${v}.length === ${shape.size}`;
    case "int":
      return `typeof ${v} === "number" && (${v} | 0) === ${v}${range(v, limits)}`;
    case "long":
      if (shape.timestamp) return `isTimestamp(${v})`;
      return `Number.isInteger(${v}) && ${v} >= ${-maxLong} && ${v} <= ${maxLong}${range(v, limits)}`;
    case "float":
      return `typeof ${v} === "number" && Number.isFinite(Math.fround(${v}))${range(v, limits)}`;
    case "double":
      return `Number.isFinite(${v})${range(v, limits)}`;
    case "enum":
      return `(${shape.symbols.map((symbol) => `${v} === ${JSON.stringify(symbol)}`).join(" || ")})`;
    case "union":
      return shape.branches.map((branch) => `(${condition(branch, v, functions, limits)})`).join(" || ");
    case "array": {
      const item = condition(shape.items, "x", functions);
      return `${define(
        functions,
        `if (!Array.isArray(v) || v.length > ${shape.maxItems}) return false;
         for (let i = 0; i < v.length; i++) { const x = v[i]; if (!(${item})) return false; }
         return true;`,
      )}(${v})`;
    }
    case "map": {
      const item = condition(shape.values, "x", functions);
      return `${define(
        functions,
        `if (typeof v !== "object" || v === null) return false;
         const p = Object.getPrototypeOf(v); if (p !== P && p !== null) return false;
         let n = 0;
         for (const k in v) {
           if (++n > ${shape.maxItems} || forbidden.has(k) || !isStorableText(k)) return false;
           const x = v[k]; if (!(${item})) return false;
         }
         return true;`,
      )}(${v})`;
    }
    case "record":
      return `${recordFunction(shape, functions)}(${v})`;
  }
}

function range(v: string, { minimum, maximum }: Partial<FieldShape>): string {
  const low = minimum === undefined ? "" : ` && ${v} >= ${Number(minimum)}`;
  return maximum === undefined ? low : `${low} && ${v} <= ${Number(maximum)}`;
}
