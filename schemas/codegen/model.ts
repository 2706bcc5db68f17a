import { PipelineError } from "../../runtime/index.ts";
import type { AvroEnum, AvroFieldJson, AvroJson, AvroRecord } from "../avro-json.ts";
import type { EventField, EventType, TrafficClass } from "../event-type.ts";
import { defaultMaxItems } from "../shape.ts";

/** What a value may be, in words that each language has a type for. */
export type CodeType =
  | { readonly kind: "text" | "boolean" | "int" | "long" | "float" | "double" | "time" }
  | { readonly kind: "id"; readonly names: readonly string[] }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "list" | "map"; readonly of: CodeType }
  | { readonly kind: "nullable"; readonly of: CodeType };

export type CodeField = {
  readonly name: string;
  /** What it means, with its bounds and its default. */
  readonly doc: string;
  readonly type: CodeType;
  /** It may be left out. */
  readonly optional: boolean;
};

export type CodeRecord = { readonly name: string; readonly doc: string; readonly fields: readonly CodeField[] };
export type CodeEnum = { readonly name: string; readonly doc: string; readonly symbols: readonly string[] };
/** Ids of one kind of thing: a type of its own, so that a rider cannot stand where a driver must. */
export type CodeId = { readonly name: string; readonly prefix: string };
export type CodeEvent = CodeRecord & { readonly type: string; readonly class: TrafficClass; readonly key: string };

/** Everything that the generators of all languages write down, in the order in which they do. */
export type CodeModel = {
  readonly ids: readonly CodeId[];
  readonly enums: readonly CodeEnum[];
  readonly records: readonly CodeRecord[];
  readonly events: readonly CodeEvent[];
};

/**
 * The model of `types`; ids are named by `all` types there are, so that a name does not depend on which types are chosen.
 * @throws PipelineError codegen_refused for a field that JSON cannot carry, or a name that two schemas use
 */
export function buildModel(types: readonly EventType[], all: readonly EventType[]): CodeModel {
  const sorted = [...types].sort((a, b) => (a.name < b.name ? -1 : 1));
  const used = new Set(sorted.flatMap((type) => type.fields.flatMap(({ idPrefixes = [] }) => idPrefixes)));
  const ids = nameIds(all.flatMap((type) => type.fields)).filter(({ prefix }) => used.has(prefix));
  const enums = new Map<string, CodeEnum>();
  const records = new Map<string, CodeRecord>();
  const owners = new Map<string, string>(ids.map(({ name }) => [name, `the ids of ${name}`]));

  function own(name: string, owner: string): void {
    const other = owners.get(name);
    if (other !== undefined) throw refused(`${owner} and ${other} would both be called ${name}; rename one of them`);
    owners.set(name, owner);
  }

  function typeOf(json: AvroJson, where: string): CodeType {
    if (typeof json === "string") return named(json, where);
    if (Array.isArray(json)) {
      const other = (json as readonly AvroJson[]).find((branch) => branch !== "null") ?? "null";
      return { kind: "nullable", of: typeOf(other, where) };
    }
    const node = json as Exclude<AvroJson, string | readonly AvroJson[]>;
    if ("symbols" in node) return declareEnum(node, where);
    if ("fields" in node) return declareRecord(node, where);
    if ("items" in node) return { kind: "list", of: typeOf(node.items, `${where}[]`) };
    if ("values" in node) return { kind: "map", of: typeOf(node.values, `${where}{}`) };
    if ("logicalType" in node && node.logicalType === "timestamp-millis") return { kind: "time" };
    return named(node.type, where);
  }

  function named(name: string, where: string): CodeType {
    switch (name) {
      case "string":
        return { kind: "text" };
      case "boolean":
      case "int":
      case "long":
      case "float":
      case "double":
        return { kind: name };
      case "bytes":
      case "fixed":
        throw refused(`${where} is of bytes, which an event in JSON cannot carry; leave its type out with --types`);
      default:
        // A record or enum that the schema declared before.
        return { kind: "named", name: shortName(name) };
    }
  }

  function declareEnum(json: AvroEnum, where: string): CodeType {
    const name = shortName(json.name);
    own(name, `the enum of ${where}`);
    enums.set(name, { name, doc: json.doc ?? "", symbols: json.symbols });
    return { kind: "named", name };
  }

  function declareRecord(json: AvroRecord, where: string): CodeType {
    const name = shortName(json.name);
    own(name, `the record of ${where}`);
    const fields = json.fields.map((field) => fieldOf(field, typeOf(field.type, `${where}.${field.name}`)));
    records.set(name, { name, doc: json.doc ?? "", fields });
    return { kind: "named", name };
  }

  const events = sorted.map((type): CodeEvent => {
    own(type.schema.name, type.name);
    const fields = type.fields.map((field, index) => {
      const json = type.schema.fields[index] as AvroFieldJson;
      return fieldOf(json, idOf(field, ids) ?? typeOf(json.type, `${type.name}: ${field.name}`));
    });
    return { type: type.name, class: type.class, key: type.keyField, name: type.schema.name, doc: type.doc, fields };
  });
  return { ids, enums: [...enums.values()], records: [...records.values()], events };
}

/** Each prefix has one name: that of the field that most often holds such ids alone, so `city_id` rather than `home_city_id`. */
function nameIds(fields: readonly EventField[]): CodeId[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { name, idPrefixes = [] } of fields) {
    for (const prefix of idPrefixes) {
      const names = counts.get(prefix) ?? new Map<string, number>();
      counts.set(prefix, names);
      if (idPrefixes.length === 1) names.set(name, (names.get(name) ?? 0) + 1);
    }
  }
  const ids = [...counts].map(([prefix, names]): CodeId => {
    const [most] = [...names].sort(([a, timesOfA], [b, timesOfB]) => timesOfB - timesOfA || a.length - b.length);
    // Of what never stands alone only the prefix is known.
    return { name: most === undefined ? `${pascal(prefix.slice(0, -1))}Id` : pascal(most[0]), prefix };
  });
  return ids.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function idOf({ idPrefixes, nullable }: EventField, ids: readonly CodeId[]): CodeType | undefined {
  if (idPrefixes === undefined) return undefined;
  const names = ids.filter(({ prefix }) => idPrefixes.includes(prefix)).map(({ name }) => name);
  return nullable ? { kind: "nullable", of: { kind: "id", names } } : { kind: "id", names };
}

function fieldOf(json: AvroFieldJson, type: CodeType): CodeField {
  const optional = json.default !== undefined;
  const extras = [
    bounds(json),
    mostItems(json.type),
    optional && json.default !== null ? `Default: ${JSON.stringify(json.default)}.` : "",
  ];
  const doc = [json.doc ?? "", ...extras].filter((text) => text !== "").join(" ");
  return { name: json.name, doc, type, optional };
}

function bounds({ minimum, maximum }: AvroFieldJson): string {
  if (minimum !== undefined && maximum !== undefined) return `From ${minimum} to ${maximum}.`;
  if (minimum !== undefined) return `At least ${minimum}.`;
  return maximum === undefined ? "" : `At most ${maximum}.`;
}

function mostItems(type: AvroJson): string {
  const { maxItems = defaultMaxItems } = type as { readonly maxItems?: number };
  return maxItems === defaultMaxItems ? "" : `At most ${maxItems} of them.`;
}

function shortName(name: string): string {
  return name.split(".").at(-1) as string;
}

/** `driver_id` is DriverId. */
export function pascal(name: string): string {
  return name.replace(/(?:^|_+)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** `driver_id` is driverId, `DriverId` too. */
export function camel(name: string): string {
  const text = pascal(name);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Whether any field holds a moment. */
export function holdsTimes({ records, events }: CodeModel): boolean {
  const holds = (type: CodeType): boolean => type.kind === "time" || ("of" in type && holds(type.of));
  return [...records, ...events].some(({ fields }) => fields.some((field) => holds(field.type)));
}

/** Nothing can be generated, and why. */
export function refused(message: string): PipelineError {
  return new PipelineError("codegen_refused", { message: `Nothing was generated: ${message}.` });
}
