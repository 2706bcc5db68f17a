import { PipelineError } from "../runtime/index.ts";
import type { AvroJson, AvroRecord } from "./avro-json.ts";

/** A schema with its names resolved and its dangers refused: what the checker and the reader are built from. */
export type Shape =
  | { readonly kind: "null" | "boolean" | "float" | "double" | "bytes" | "string" | "int" }
  | { readonly kind: "long"; readonly timestamp: boolean }
  | { readonly kind: "fixed"; readonly size: number }
  | { readonly kind: "enum"; readonly symbols: readonly string[] }
  | { readonly kind: "array"; readonly items: Shape; readonly maxItems: number }
  | { readonly kind: "map"; readonly values: Shape; readonly maxItems: number }
  | { readonly kind: "union"; readonly branches: readonly Shape[] }
  | RecordShape;

export type RecordShape = { readonly kind: "record"; readonly name: string; readonly fields: readonly FieldShape[] };

export type FieldShape = {
  readonly name: string;
  readonly shape: Shape;
  /** Present when the field may be left out. */
  readonly default?: { readonly value: unknown };
  readonly minimum?: number;
  readonly maximum?: number;
};

/** The largest number of items of an array or map whose schema gives none. */
export const defaultMaxItems = 10_000;
/** Names that, as a key of an object, reach its prototype. */
export const forbiddenKeys: readonly string[] = ["__proto__", "constructor", "prototype"];

const primitives = ["null", "boolean", "float", "double", "bytes", "string", "int"] as const;
const namePattern = /^[A-Za-z_]\w*$/;
const maxDepth = 16;

/**
 * Resolves a schema and refuses what lets a few bytes become a large or endless value: recursion, arrays and maps whose items
 * take no byte, and names that are unsafe as keys. Unions must be told apart by the JSON type of the value.
 * @throws PipelineError schema_refused, naming the place
 */
export function parseShape(schema: AvroRecord): RecordShape {
  const named = new Map<string, Shape>();
  const open = new Set<string>();

  function parse(json: AvroJson, path: string, namespace: string | undefined, depth: number): Shape {
    if (depth > maxDepth) throw refused(path, `it is nested deeper than ${maxDepth} levels`);
    if (typeof json === "string") return parseName(json, path, namespace);
    if (Array.isArray(json)) return parseUnion(json, path, namespace, depth);
    const node = json as Exclude<AvroJson, string | readonly AvroJson[]>;
    switch (node.type) {
      case "record": {
        const record = node as AvroRecord;
        const space = record.namespace ?? namespace;
        const name = qualified(record.name, space);
        if (!record.name.split(".").every((part) => namePattern.test(part)))
          throw refused(path, `${record.name} is no name`);
        if (open.has(name) || named.has(name)) throw refused(path, `the name ${name} is defined twice`);
        open.add(name);
        const seen = new Set<string>();
        const fields = record.fields.map((field): FieldShape => {
          const where = path === "" ? field.name : `${path}.${field.name}`;
          if (!namePattern.test(field.name)) throw refused(where, "its name is not of letters, digits and underscores");
          if (field.name in Object.prototype || forbiddenKeys.includes(field.name)) {
            throw refused(where, "every object has a property of its name");
          }
          if (seen.has(field.name)) throw refused(where, "it is there twice");
          seen.add(field.name);
          return {
            name: field.name,
            shape: parse(field.type, where, space, depth + 1),
            ...(field.default === undefined ? {} : { default: { value: field.default } }),
            ...(field.minimum === undefined ? {} : { minimum: field.minimum }),
            ...(field.maximum === undefined ? {} : { maximum: field.maximum }),
          };
        });
        open.delete(name);
        return define(name, { kind: "record", name, fields });
      }
      case "enum": {
        const {
          name,
          namespace: own,
          symbols,
        } = node as { name: string; namespace?: string; symbols: readonly string[] };
        return define(qualified(name, own ?? namespace), { kind: "enum", symbols });
      }
      case "fixed": {
        const { name, namespace: own, size } = node as { name: string; namespace?: string; size: number };
        if (!Number.isInteger(size) || size < 1 || size > 1_024)
          throw refused(path, "its size must be 1 to 1024 bytes");
        return define(qualified(name, own ?? namespace), { kind: "fixed", size });
      }
      case "array": {
        const { items, maxItems } = node as { items: AvroJson; maxItems?: number };
        const shape = parse(items, `${path}[]`, namespace, depth + 1);
        if (minBytes(shape) === 0) throw refused(path, "its items may take no byte at all");
        return { kind: "array", items: shape, maxItems: maxItems ?? defaultMaxItems };
      }
      case "map": {
        const { values, maxItems } = node as { values: AvroJson; maxItems?: number };
        return {
          kind: "map",
          values: parse(values, `${path}{}`, namespace, depth + 1),
          maxItems: maxItems ?? defaultMaxItems,
        };
      }
      case "long":
        return { kind: "long", timestamp: (node as { logicalType?: string }).logicalType === "timestamp-millis" };
      default:
        return parse(node.type, path, namespace, depth + 1);
    }
  }

  function define(name: string, shape: Shape): Shape {
    if (named.has(name)) throw refused(name, "the name is defined twice");
    named.set(name, shape);
    return shape;
  }

  function parseName(name: string, path: string, namespace: string | undefined): Shape {
    const kind = primitives.find((primitive) => primitive === name);
    if (kind !== undefined) return { kind };
    if (name === "long") return { kind: "long", timestamp: false };
    const full = qualified(name, namespace);
    if (open.has(full)) throw refused(path, `the type ${name} contains itself`);
    const shape = named.get(full);
    if (shape === undefined) throw refused(path, `there is no type ${name}`);
    return shape;
  }

  function parseUnion(
    branches: readonly AvroJson[],
    path: string,
    namespace: string | undefined,
    depth: number,
  ): Shape {
    const shapes = branches.map((branch) => parse(branch, path, namespace, depth + 1));
    const others = shapes.filter((shape) => shape.kind !== "null");
    if (shapes.length !== 2 || others.length !== 1) throw refused(path, "a union must be of null and one other type");
    return { kind: "union", branches: shapes };
  }

  const root = parse(schema, "", undefined, 0);
  if (root.kind !== "record") throw refused("", "it must be a record");
  return root;
}

/** The fewest bytes that a value takes. */
export function minBytes(shape: Shape): number {
  switch (shape.kind) {
    case "null":
      return 0;
    case "float":
      return 4;
    case "double":
      return 8;
    case "fixed":
      return shape.size;
    case "record":
      return shape.fields.reduce((sum, field) => sum + minBytes(field.shape), 0);
    case "union":
      return 1 + Math.min(...shape.branches.map(minBytes));
    default:
      return 1;
  }
}

function qualified(name: string, namespace: string | undefined): string {
  return name.includes(".") || namespace === undefined ? name : `${namespace}.${name}`;
}

function refused(path: string, why: string): PipelineError {
  return new PipelineError("schema_refused", {
    message: `the type of ${path === "" ? "the whole" : path} is refused: ${why}`,
  });
}
