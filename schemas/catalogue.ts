import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { didYouMean, PipelineError } from "../runtime/index.ts";
import { type AvroFieldJson, type AvroJson, type AvroRecord, type Pii, piiKinds } from "./avro-json.ts";
import type { Catalogue, EventField, EventKind, EventType, TrafficClass, Variant } from "./event-type.ts";
import { parseShape } from "./shape.ts";

const folders: Readonly<Record<string, EventKind>> = { events: "event", reference: "reference", derived: "derived" };
const classes: readonly TrafficClass[] = ["critical", "normal", "bulk"];
const recordProperties = [
  "type",
  "name",
  "namespace",
  "doc",
  "fields",
  "topic",
  "key",
  "class",
  "enrichedTopic",
  "latest",
  "analytics",
  "aliases",
];
const fieldProperties = ["name", "type", "default", "doc", "pii", "idPrefix", "minimum", "maximum", "aliases", "order"];
/** What an id may begin with. */
const idPrefix = /^[a-z][a-z0-9]*_$/;

/** The folder with the .avsc files of this program. */
export const schemaFolder = import.meta.dirname;

/**
 * Reads and checks every schema file under `folder`, and under `further` ones, which have no enrichment of their own.
 * @throws PipelineError schema_file_invalid, naming the file and the field; option_invalid for a further folder without schema files
 */
export function loadCatalogue(folder: string = schemaFolder, further: readonly string[] = []): Catalogue {
  const enrichment = readRecord(join(folder, "enrichment.avsc"));
  const types = readFolder(folder, enrichment);
  for (const one of further) {
    const found = readFolder(one, enrichment);
    if (found.length === 0) {
      const message = `--schemas-dir names ${one}, which has no schema files: expected ${Object.keys(folders).join("/, ")}/ with .avsc files in it.`;
      throw new PipelineError("option_invalid", { message });
    }
    const taken = found.find(({ name }) => types.some((type) => type.name === name));
    if (taken !== undefined) throw invalid(join(one, taken.name), "another folder has a type of this name");
    types.push(...found);
  }
  const named = new Map<string, EventType>();
  for (const type of types) {
    if (type.analytics === undefined) continue;
    const other = named.get(type.analytics);
    if (other !== undefined)
      throw invalid(type.name, `${other.name} has the "analytics" name ${type.analytics} already`);
    named.set(type.analytics, type);
  }
  types.sort((a, b) => (a.name < b.name ? -1 : 1));
  const records = new Map<string, { type: EventType; variant: Variant }>();
  for (const type of types) {
    for (const [fullName, variant] of [
      [type.fullName, "base"] as const,
      [type.enriched?.fullName, "enriched"] as const,
    ]) {
      if (fullName === undefined) continue;
      if (records.has(fullName)) throw invalid(type.name, `the record name ${fullName} is taken by another type`);
      records.set(fullName, { type, variant });
    }
  }
  return { types: new Map(types.map((type) => [type.name, type])), records, enrichment };
}

function readFolder(folder: string, enrichment: AvroRecord): EventType[] {
  return Object.entries(folders).flatMap(([name, kind]) => {
    const path = join(folder, name);
    const files = existsSync(path) ? readdirSync(path).sort() : [];
    return files
      .filter((file) => file.endsWith(".avsc"))
      .map((file) => readEventType(join(path, file), kind, enrichment));
  });
}

/** Builds a type from the text of a schema file; `file` only appears in messages. */
export function parseEventType(file: string, text: string, kind: EventKind, enrichment: AvroRecord): EventType {
  const json = parseRecord(file, text) as AvroRecord & Readonly<Record<string, unknown>>;
  const name = basename(file, ".avsc");
  const recordName = pascal(name);
  if (json.name !== recordName) throw invalid(file, `"name" must be ${recordName}, as the file is called`);
  if (typeof json.namespace !== "string") throw invalid(file, '"namespace" is missing');
  const topic = textOf(file, json, "topic");
  const keyField = textOf(file, json, "key");
  const trafficClass = textOf(file, json, "class") as TrafficClass;
  if (!classes.includes(trafficClass)) throw invalid(file, `"class" must be one of ${classes.join(", ")}`);
  const key = json.fields.find((field) => field.name === keyField);
  if (key === undefined) {
    const hint = didYouMean(
      keyField,
      json.fields.map((field) => field.name),
    );
    throw invalid(
      file,
      `"key" names ${keyField}, which is no field${hint === undefined ? "" : `; did you mean ${hint}?`}`,
    );
  }
  if (key.type !== "string") throw invalid(file, `the key field ${keyField} must be a string that is never null`);

  if (json.latest !== undefined && json.latest !== true) throw invalid(file, '"latest" must be true or left out');

  const { analytics } = json;
  if (
    analytics !== undefined &&
    (typeof analytics !== "string" || !/^(fct|dim|agg)_[a-z][a-z0-9_]{0,50}$/.test(analytics))
  ) {
    throw invalid(
      file,
      '"analytics" must be a name of small letters, digits and _ that begins with fct_, dim_ or agg_',
    );
  }

  const schema: AvroRecord = withoutOwnProperties(json);
  const fullName = `${json.namespace}.${json.name}`;
  const enrichedTopic = json.enrichedTopic;
  const base = {
    name,
    fullName,
    kind,
    folder: resolve(dirname(file), ".."),
    doc: json.doc ?? "",
    topic,
    keyField,
    class: trafficClass,
    ...(json.latest === true ? { latest: true } : {}),
    ...(analytics === undefined ? {} : { analytics }),
    fields: json.fields.map(fieldOf),
    schema,
  };
  if (enrichedTopic === undefined) return base;
  if (typeof enrichedTopic !== "string") throw invalid(file, '"enrichedTopic" must be a text');
  const clash = enrichment.fields.find((field) => schema.fields.some((own) => own.name === field.name));
  if (clash !== undefined) throw invalid(file, `the field ${clash.name} has the name of an enrichment field`);
  const enriched: AvroRecord = {
    ...schema,
    name: `${schema.name}Enriched`,
    doc: `${schema.doc ?? ""} With what the stream processor added.`,
    fields: [...schema.fields, ...enrichment.fields],
  };
  return {
    ...base,
    enriched: {
      fullName: `${fullName}Enriched`,
      topic: enrichedTopic,
      schema: enriched,
      fields: [...json.fields, ...enrichment.fields].map(fieldOf),
    },
  };
}

function readEventType(file: string, kind: EventKind, enrichment: AvroRecord): EventType {
  return parseEventType(file, readFileSync(file, "utf8"), kind, enrichment);
}

function readRecord(file: string): AvroRecord {
  return withoutOwnProperties(parseRecord(file, readFileSync(file, "utf8")));
}

function parseRecord(file: string, text: string): AvroRecord {
  let json: AvroRecord;
  try {
    json = JSON.parse(text) as AvroRecord;
  } catch (cause) {
    throw invalid(file, "it is not JSON", cause);
  }
  if (json.type !== "record" || !Array.isArray(json.fields)) throw invalid(file, "it must be a record with fields");
  refuseUnknown(file, "the record", json, recordProperties);
  requireDocs(file, json, "");
  try {
    parseShape(json);
  } catch (cause) {
    throw invalid(file, (cause as Error).message, cause);
  }
  return json;
}

/** Each record and field needs a doc: it becomes the column's comment, and nobody adds it later. */
function requireDocs(file: string, record: AvroRecord, path: string): void {
  if (!record.doc) throw invalid(file, `the record ${record.name} has no "doc"`);
  for (const field of record.fields) {
    const where = `the field ${path}${field.name}`;
    if (!field.doc) throw invalid(file, `${where} has no "doc"`);
    refuseUnknown(file, where, field, fieldProperties);
    if (field.pii !== undefined && !piiKinds.includes(field.pii as Pii)) {
      throw invalid(file, `${where} has the pii kind ${field.pii}; it must be one of ${piiKinds.join(", ")}`);
    }
    if (field.idPrefix !== undefined) checkIdPrefix(file, where, field, path);
    for (const nested of recordsIn(field.type)) requireDocs(file, nested, `${path}${field.name}.`);
  }
}

function checkIdPrefix(file: string, where: string, field: AvroFieldJson, path: string): void {
  if (path !== "") throw invalid(file, `${where} has an "idPrefix", which only fields of the event itself may have`);
  const kinds = Array.isArray(field.type) ? field.type.filter((branch) => branch !== "null") : [field.type];
  if (kinds.length !== 1 || kinds[0] !== "string") throw invalid(file, `${where} has an "idPrefix" but is no string`);
  const prefixes = prefixesOf(field);
  if (prefixes.length > 0 && prefixes.every((prefix) => idPrefix.test(prefix))) return;
  throw invalid(
    file,
    `${where} has the "idPrefix" ${JSON.stringify(field.idPrefix)}; it must be like "drv_", or a list of such`,
  );
}

function prefixesOf({ idPrefix: given = [] }: AvroFieldJson): readonly string[] {
  return typeof given === "string" ? [given] : given;
}

function recordsIn(type: AvroJson): AvroRecord[] {
  if (typeof type === "string") return [];
  if (Array.isArray(type)) return type.flatMap(recordsIn);
  const node = type as { type: string; items?: AvroJson; values?: AvroJson };
  if (node.type === "record") return [type as AvroRecord];
  return [...recordsIn(node.items ?? "null"), ...recordsIn(node.values ?? "null")];
}

function refuseUnknown(file: string, where: string, value: object, known: readonly string[]): void {
  for (const property of Object.keys(value)) {
    if (known.includes(property)) continue;
    const hint = didYouMean(property, known);
    throw invalid(
      file,
      `${where} has the unknown property "${property}"${hint === undefined ? "" : `; did you mean "${hint}"?`}`,
    );
  }
}

/** What is registered: the schema with its docs, without what only this pipeline reads of the record, or only the code generator of a field. */
function withoutOwnProperties(json: AvroRecord): AvroRecord {
  const { type, name, namespace, doc, fields } = json;
  return {
    type,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(doc === undefined ? {} : { doc }),
    fields: fields.map(({ idPrefix: _, ...field }) => field),
  };
}

function fieldOf(field: AvroFieldJson): EventField {
  const branches = Array.isArray(field.type) ? (field.type as readonly AvroJson[]) : undefined;
  const schema = branches?.find((branch) => branch !== "null") ?? field.type;
  const node =
    typeof schema === "string" ? undefined : (schema as { type: string; logicalType?: string; symbols?: string[] });
  return {
    name: field.name,
    doc: field.doc ?? "",
    avroType: node?.type ?? (schema as string),
    ...(node?.logicalType === undefined ? {} : { logicalType: node.logicalType }),
    nullable: branches?.includes("null") ?? false,
    ...(field.pii === undefined ? {} : { pii: field.pii }),
    ...(field.idPrefix === undefined ? {} : { idPrefixes: prefixesOf(field) }),
    ...(field.minimum === undefined ? {} : { minimum: field.minimum }),
    ...(field.maximum === undefined ? {} : { maximum: field.maximum }),
    hasDefault: field.default !== undefined,
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(node?.symbols === undefined ? {} : { symbols: node.symbols }),
    schema,
  };
}

function textOf(file: string, json: Readonly<Record<string, unknown>>, property: string): string {
  const value = json[property];
  if (typeof value !== "string" || value === "") throw invalid(file, `"${property}" is missing`);
  return value;
}

/** `driver.location` is DriverLocation. */
function pascal(name: string): string {
  return name.replace(/(?:^|[._-])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function invalid(file: string, why: string, cause?: unknown): PipelineError {
  return new PipelineError("schema_file_invalid", { message: `${basename(file)}: ${why}.`, cause });
}
