import type { AvroFieldJson, AvroJson, AvroRecord } from "../../schemas/index.ts";

/** A JSON schema of draft 2020-12, which is the one of OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What the door takes as `data` of a type: the JSON form of its Avro schema, with the bounds that only the door checks. */
export function dataSchemaOf(record: AvroRecord): JsonSchema {
  return recordSchema(record, new Map());
}

type Named = Map<string, JsonSchema>;

function recordSchema(record: AvroRecord, named: Named): JsonSchema {
  const properties = Object.fromEntries(record.fields.map((field) => [field.name, fieldSchema(field, named)]));
  const required = record.fields.filter((field) => field.default === undefined).map(({ name }) => name);
  return {
    type: "object",
    ...(record.doc === undefined ? {} : { description: record.doc }),
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function fieldSchema(field: AvroFieldJson, named: Named): JsonSchema {
  const { description: ofType, ...schema } = schemaOf(field.type, named, field) as { description?: string };
  const description = field.doc ?? ofType;
  return {
    ...(description === undefined ? {} : { description }),
    ...schema,
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.pii === undefined ? {} : { "x-personal-data": field.pii }),
  };
}

function schemaOf(avro: AvroJson, named: Named, bounds: Bounds = {}): JsonSchema {
  if (typeof avro === "string") return primitives[avro]?.(bounds) ?? named.get(avro) ?? {};
  if (Array.isArray(avro)) return unionSchema(avro, named, bounds);
  const node = avro as Readonly<Record<string, unknown>> & { readonly type: AvroJson };
  const schema = nodeSchema(node, named, bounds);
  if (typeof node.name === "string") named.set(node.name, schema);
  return schema;
}

function nodeSchema(node: Readonly<Record<string, unknown>> & { type: AvroJson }, named: Named, bounds: Bounds) {
  switch (node.type) {
    case "record":
      return recordSchema(node as unknown as AvroRecord, named);
    case "enum":
      return { type: "string", enum: node.symbols, ...(node.doc === undefined ? {} : { description: node.doc }) };
    case "array":
      return { type: "array", items: schemaOf(node.items as AvroJson, named), ...bound("maxItems", node.maxItems) };
    case "map":
      return {
        type: "object",
        additionalProperties: schemaOf(node.values as AvroJson, named),
        ...bound("maxProperties", node.maxItems),
      };
    default:
      return node.logicalType === "timestamp-millis" ? timestamp : schemaOf(node.type, named, bounds);
  }
}

/** Unions are of null and one other type. */
function unionSchema(branches: readonly AvroJson[], named: Named, bounds: Bounds): JsonSchema {
  const [branch = "null"] = branches.filter((candidate) => candidate !== "null");
  const schema = schemaOf(branch, named, bounds);
  const simple = typeof schema.type === "string" && schema.enum === undefined;
  return simple ? { ...schema, type: [schema.type, "null"] } : { anyOf: [schema, { type: "null" }] };
}

type Bounds = { readonly minimum?: number; readonly maximum?: number };

const number =
  (type: "number" | "integer", least?: number, most?: number) =>
  ({ minimum, maximum }: Bounds): JsonSchema => ({
    type,
    ...bound("minimum", minimum ?? least),
    ...bound("maximum", maximum ?? most),
  });

const primitives: Readonly<Record<string, (bounds: Bounds) => JsonSchema>> = {
  null: () => ({ type: "null" }),
  boolean: () => ({ type: "boolean" }),
  string: () => ({ type: "string" }),
  bytes: () => ({ type: "string" }),
  int: number("integer", -(2 ** 31), 2 ** 31 - 1),
  long: number("integer", -(2 ** 52) + 1, 2 ** 52 - 1),
  float: number("number"),
  double: number("number"),
};

const timestamp: JsonSchema = {
  anyOf: [
    { type: "string", format: "date-time" },
    {
      type: "integer",
      minimum: Date.parse("0001-01-01T00:00:00Z"),
      maximum: Date.UTC(9999, 11, 31, 23, 59, 59, 999),
      description: "Milliseconds since 1970, of the years 1 to 9999.",
    },
  ],
};

function bound(name: string, value: unknown): JsonSchema {
  return value === undefined ? {} : { [name]: value };
}
