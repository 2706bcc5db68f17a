import { PipelineError } from "../runtime/index.ts";
import { badBytes, Cursor } from "./cursor.ts";
import { type FieldShape, forbiddenKeys, minBytes, type RecordShape, type Shape } from "./shape.ts";

/** Reads a body from `position` to the end of the bytes; undefined when the bytes do not fit the schema. It never throws. */
export type Reader = (bytes: Buffer, position: number) => Record<string, unknown> | undefined;

/**
 * Compiles a reader of bytes that follow `writer` to objects with the fields of `reader`: a field that only the writer has is
 * stepped over, one that only the reader has gets its default. Whether the two fit each other at all is decided before, by
 * avsc's resolvers (see `compatibility.ts`). All bytes are checked, those stepped over too.
 */
export function compileReader(writer: RecordShape, reader: RecordShape): Reader {
  const code: Code = { functions: [], count: 0 };
  const root = recordFunction(writer, reader, code);
  const make = new Function("c", "bad", "forbidden", `"use strict"; ${code.functions.join("\n")} return ${root};`);
  const cursor = new Cursor();
  const read = make(cursor, badBytes, new Set(forbiddenKeys)) as () => Record<string, unknown>;
  return (bytes, position) => {
    try {
      cursor.open(bytes, position);
      const value = read();
      cursor.close();
      return value;
    } catch (error) {
      if (error === badBytes) return undefined;
      throw error;
    }
  };
}

/** The named fields of a record, in the order of the names; undefined when it lacks one. */
export function selectFields(record: RecordShape, names: readonly string[]): RecordShape | undefined {
  const fields: FieldShape[] = [];
  for (const name of names) {
    const field = record.fields.find((candidate) => candidate.name === name);
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return { ...record, fields };
}

type Code = { readonly functions: string[]; count: number };

function define(code: Code, body: string): string {
  const name = `read${code.count++}`;
  code.functions.push(`function ${name}() { ${body} }`);
  return name;
}

/** The call of a function that reads the record. Fields are read in the writer's order and named in the reader's. */
function recordFunction(writer: RecordShape, reader: RecordShape, code: Code): string {
  const wanted = new Map(reader.fields.map((field) => [field.name, field]));
  const statements = writer.fields.map((field, i) => {
    const target = wanted.get(field.name);
    return target === undefined
      ? `${skip(field.shape, code)};`
      : `const f${i} = ${read(field.shape, target.shape, code)};`;
  });
  const properties = reader.fields.map((field) => {
    const i = writer.fields.findIndex((candidate) => candidate.name === field.name);
    return `${field.name}: ${i >= 0 ? `f${i}` : defaultLiteral(field)}`;
  });
  return define(code, `${statements.join("\n")} return { ${properties.join(", ")} };`);
}

function defaultLiteral(field: FieldShape): string {
  const literal = JSON.stringify(field.default?.value);
  // As code, this key would set the prototype.
  if (literal === undefined || literal.includes("__proto__")) {
    const message = `the field ${field.name} has no usable default`;
    throw new PipelineError("schema_incompatible", { message });
  }
  return literal;
}

/** An expression that reads a value. */
function read(writer: Shape, reader: Shape, code: Code): string {
  const target = reader.kind === "union" ? (reader.branches.find((b) => b.kind !== "null") ?? reader) : reader;
  switch (writer.kind) {
    case "null":
      return "null";
    case "boolean":
    case "int":
    case "float":
    case "double":
    case "string":
    case "long":
      return `c.${writer.kind}()`;
    case "bytes":
      return "c.fixed(c.long())";
    case "fixed":
      return `c.fixed(${writer.size})`;
    case "enum":
      return `${JSON.stringify(writer.symbols)}[c.index(${writer.symbols.length})]`;
    case "union": {
      const nullAt = writer.branches.findIndex((branch) => branch.kind === "null");
      const other = writer.branches[1 - nullAt] ?? writer;
      return `(c.index(2) === ${nullAt} ? null : ${read(other, target, code)})`;
    }
    case "record":
      return `${recordFunction(writer, target.kind === "record" ? target : writer, code)}()`;
    case "array": {
      const item = read(writer.items, target.kind === "array" ? target.items : writer.items, code);
      return `${define(code, blocks(writer.maxItems, minBytes(writer.items), "const value = [];", `value.push(${item});`, "value"))}()`;
    }
    case "map": {
      const item = read(writer.values, target.kind === "map" ? target.values : writer.values, code);
      const step = `const key = c.string(); if (forbidden.has(key)) throw bad; value[key] = ${item};`;
      return `${define(code, blocks(writer.maxItems, 1 + minBytes(writer.values), "const value = {};", step, "value"))}()`;
    }
  }
}

/** An expression that steps over a value. */
function skip(shape: Shape, code: Code): string {
  switch (shape.kind) {
    case "null":
      return "undefined";
    case "string":
    case "bytes":
      return "c.skip(c.long())";
    case "fixed":
      return `c.skip(${shape.size})`;
    case "float":
      return "c.skip(4)";
    case "double":
      return "c.skip(8)";
    case "boolean":
    case "int":
    case "long":
      return `c.${shape.kind}()`;
    case "enum":
      return `c.index(${shape.symbols.length})`;
    case "union": {
      const nullAt = shape.branches.findIndex((branch) => branch.kind === "null");
      return `(c.index(2) === ${nullAt} ? undefined : ${skip(shape.branches[1 - nullAt] ?? shape, code)})`;
    }
    case "record":
      return `${define(code, shape.fields.map((field) => `${skip(field.shape, code)};`).join("\n"))}()`;
    case "array":
      return `${define(code, blocks(shape.maxItems, minBytes(shape.items), "", `${skip(shape.items, code)};`, "undefined"))}()`;
    case "map": {
      const step = `c.skip(c.long()); ${skip(shape.values, code)};`;
      return `${define(code, blocks(shape.maxItems, 1 + minBytes(shape.values), "", step, "undefined"))}()`;
    }
  }
}

function blocks(maxItems: number, itemBytes: number, before: string, step: string, result: string): string {
  return `${before} let room = ${maxItems};
    for (let n = c.block(room, ${itemBytes}); n > 0; n = c.block(room, ${itemBytes})) {
      room -= n;
      for (let i = 0; i < n; i++) { ${step} }
    }
    return ${result};`;
}
