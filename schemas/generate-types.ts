import type { AvroFieldJson, AvroJson, AvroRecord } from "./avro-json.ts";
import type { Catalogue } from "./event-type.ts";

/** The text of `schemas/types.ts`: the data of every type as TypeScript, with the docs of the schemas. */
export function typesModule(catalogue: Catalogue): string {
  const types = [...catalogue.types.values()];
  const declarations = types.flatMap((type) => declareRecord(type.schema));
  const enriched = types.filter((type) => type.enriched !== undefined);
  return [
    "// Generated from the .avsc files by `hailstream schemas types`. Do not edit.",
    "",
    ...declarations,
    ...declareRecord({ ...catalogue.enrichment, name: "EnrichmentFields" }),
    "/** The data of an event by its type. */",
    "export type EventData = {",
    ...types.map((type) => `  readonly ${JSON.stringify(type.name)}: ${type.schema.name};`),
    "};",
    "",
    "/** The data of an event with what the stream processor added, by its type. */",
    "export type EnrichedEventData = {",
    ...enriched.map((type) => `  readonly ${JSON.stringify(type.name)}: ${type.schema.name} & EnrichmentFields;`),
    "};",
    "",
    "/** Data as it is read from a record: every field is there, those left out with their defaults, times in milliseconds. */",
    "export type Stored<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };",
    "",
  ].join("\n");
}

function declareRecord(record: AvroRecord): string[] {
  const nested = record.fields.flatMap((field) => recordsIn(field.type)).flatMap(declareRecord);
  const fields = record.fields.flatMap((field) => [
    `  /** ${comment(field)} */`,
    `  readonly ${field.name}${field.default === undefined ? "" : "?"}: ${typeText(field.type)};`,
  ]);
  return [...nested, `/** ${safe(record.doc ?? "")} */`, `export type ${record.name} = {`, ...fields, "};", ""];
}

function comment(field: AvroFieldJson): string {
  const standard =
    field.default === undefined || field.default === null ? "" : ` Default: ${JSON.stringify(field.default)}.`;
  return safe(`${field.doc ?? ""}${standard}`);
}

function safe(text: string): string {
  return text.replaceAll("*/", "*\\/");
}

function typeText(type: AvroJson): string {
  if (Array.isArray(type)) {
    const others = type.filter((branch) => branch !== "null").map(typeText);
    return [...others, ...(type.includes("null") ? ["null"] : [])].join(" | ");
  }
  if (typeof type === "string") return primitiveText(type);
  const node = type as Exclude<AvroJson, string | readonly AvroJson[]>;
  if ("symbols" in node) return node.symbols.map((symbol) => JSON.stringify(symbol)).join(" | ");
  if ("items" in node) return `readonly ${bracketed(typeText(node.items))}[]`;
  if ("values" in node) return `Readonly<Record<string, ${typeText(node.values)}>>`;
  if ("fields" in node) return node.name;
  if ("logicalType" in node && node.logicalType === "timestamp-millis") return "number | string";
  return primitiveText(node.type);
}

function bracketed(text: string): string {
  return text.includes(" ") ? `(${text})` : text;
}

function primitiveText(type: string): string {
  switch (type) {
    case "int":
    case "long":
    case "float":
    case "double":
      return "number";
    case "bytes":
    case "fixed":
      return "Uint8Array";
    case "boolean":
    case "string":
    case "null":
      return type;
    default:
      // A record or enum that was declared before under this name.
      return type.split(".").at(-1) as string;
  }
}

function recordsIn(type: AvroJson): AvroRecord[] {
  if (typeof type === "string") return [];
  if (Array.isArray(type)) return type.flatMap(recordsIn);
  const node = type as Exclude<AvroJson, string | readonly AvroJson[]>;
  if ("fields" in node) return [node];
  if ("items" in node) return recordsIn(node.items);
  return "values" in node ? recordsIn(node.values) : [];
}
