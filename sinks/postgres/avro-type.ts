import type { Pii } from "../../schemas/index.ts";

/** An Avro schema as JSON, as far as it is known before it is read. */
type Json = unknown;

/** An Avro type with its names resolved: what columns and row writers are made from. */
export type AvroType =
  | { readonly kind: "null" | "boolean" | "float" | "double" }
  | { readonly kind: "int" | "long" | "string"; readonly logical?: string }
  | { readonly kind: "bytes"; readonly decimal?: Decimal }
  | { readonly kind: "fixed"; readonly size: number; readonly decimal?: Decimal }
  | { readonly kind: "enum"; readonly symbols: readonly string[] }
  | { readonly kind: "array" | "map"; readonly items: AvroType }
  | { readonly kind: "record"; readonly fields: readonly AvroField[] }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] };

/** Bytes that hold a number without its point: the last `scale` digits stand behind it. */
export type Decimal = { readonly scale: number };

export type AvroField = {
  readonly name: string;
  readonly doc: string;
  readonly type: AvroType;
  /** What kind of personal data it holds, itself or somewhere inside. */
  readonly pii?: Pii;
  /** What a reader takes when a writer's schema lacks the field; undefined when there is no default. */
  readonly default?: { readonly value: unknown };
};

const primitives = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);

/**
 * Reads the JSON of a record schema. Named types may be used again by name; recursive ones are refused, since a row has an end.
 * @throws Error for what is no record schema: schemas come from the catalogue or the registry, which have checked them.
 */
export function recordFieldsOf(schema: Json): readonly AvroField[] {
  const type = readType(schema, new Map(), "");
  if (type.kind !== "record") throw new Error("the schema of an event must be a record");
  return type.fields;
}

function readType(json: Json, named: Map<string, AvroType>, space: string): AvroType {
  if (Array.isArray(json)) return { kind: "union", branches: json.map((branch) => readType(branch, named, space)) };
  if (typeof json === "string") {
    if (primitives.has(json)) return { kind: json } as AvroType;
    const known = named.get(json) ?? named.get(`${space}.${json}`);
    if (known === undefined) throw new Error(`the schema names the type ${json} before it is complete, or never`);
    return known;
  }
  const schema = json as Record<string, Json>;
  const kind = schema.type;
  const fullName = nameOf(schema, space);
  const inner = fullName.includes(".") ? fullName.slice(0, fullName.lastIndexOf(".")) : space;
  const name = <T extends AvroType>(type: T): T => {
    if (fullName !== "") named.set(fullName, type);
    return type;
  };
  switch (kind) {
    case "record":
    case "error":
      return name({
        kind: "record",
        fields: (schema.fields as Record<string, Json>[]).map((field) => {
          const type = readType(field.type, named, inner);
          const pii = (field.pii as Pii | undefined) ?? piiInside(type);
          return {
            name: String(field.name),
            doc: typeof field.doc === "string" ? field.doc : "",
            type,
            ...(pii === undefined ? {} : { pii }),
            ...("default" in field ? { default: { value: field.default } } : {}),
          };
        }),
      });
    case "enum":
      return name({ kind, symbols: schema.symbols as string[] });
    case "fixed":
      return name({ kind, size: Number(schema.size), ...decimalOf(schema) });
    case "bytes":
      return { kind, ...decimalOf(schema) };
    case "array":
      return { kind, items: readType(schema.items, named, space) };
    case "map":
      return { kind, items: readType(schema.values, named, space) };
    case "int":
    case "long":
    case "string":
      return { kind, ...(typeof schema.logicalType === "string" ? { logical: schema.logicalType } : {}) };
    default:
      // `{"type": {"type": …}}` and `{"type": "double"}` mean their inner type.
      return readType(kind, named, space);
  }
}

/** The first kind of personal data that a nested record is marked with: a column of jsonb is as personal as what lies in it. */
function piiInside(type: AvroType): Pii | undefined {
  switch (type.kind) {
    case "record":
      return type.fields.find(({ pii }) => pii !== undefined)?.pii;
    case "array":
    case "map":
      return piiInside(type.items);
    case "union":
      return type.branches.map(piiInside).find((pii) => pii !== undefined);
    default:
      return undefined;
  }
}

function decimalOf({ logicalType, scale }: Record<string, Json>): { readonly decimal?: Decimal } {
  return logicalType === "decimal" ? { decimal: { scale: typeof scale === "number" ? scale : 0 } } : {};
}

function nameOf(schema: Record<string, Json>, space: string): string {
  if (typeof schema.name !== "string") return "";
  if (schema.name.includes(".")) return schema.name;
  const own = typeof schema.namespace === "string" ? schema.namespace : space;
  return own === "" ? schema.name : `${own}.${schema.name}`;
}
