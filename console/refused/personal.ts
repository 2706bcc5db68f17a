import type { AvroFieldJson, AvroJson, Catalogue } from "../../schemas/index.ts";
import type { Fault, Group, Item, Whole } from "./shapes.ts";

/** What stands where something personal is. */
export const mask = "•••";

/**
 * Takes personal data out of what was refused. Schemas say which fields are personal; in a refused event anything else may be, too, so only what a schema declares
 * as not personal is left, and all that no schema declares is masked.
 */
export function createMasking(catalogue: Catalogue) {
  const fieldsOf = (type: string | null): readonly AvroFieldJson[] => {
    const found = catalogue.types.get(type ?? "");
    return found?.enriched?.schema.fields ?? found?.schema.fields ?? [];
  };

  function maskedFault(type: string | null, kind: Item["kind"], fault: Fault): Fault {
    return isPlain(fieldsOf(type), kind, fault) ? fault : { ...fault, got: mask };
  }

  return {
    group: (group: Group): Group =>
      group.example === null
        ? group
        : { ...group, example: { ...group.example, fault: maskedFault(group.type, group.kind, group.example.fault) } },

    item: (item: Item): Item => ({ ...item, fault: maskedFault(item.type, item.kind, item.fault) }),

    whole(whole: Whole): Whole {
      const { type, kind, subject, facts, headers, fixed, data } = whole;
      const event = fixed as Record<string, unknown> | null;
      return {
        ...whole,
        fault: maskedFault(type, kind, whole.fault),
        faults: whole.faults.map((fault) => maskedFault(type, kind, fault)),
        subject: subject === null ? null : mask,
        facts: maskedNames(facts, (name) => !["Token of", "Key"].includes(name)),
        headers: maskedNames(headers, (name) => plainHeaders.test(name)),
        data: maskedData(fieldsOf(type), data),
        original: null,
        version: null,
        fixed:
          event === null
            ? null
            : { ...maskedNames(event, isPlainAttribute), data: maskedData(fieldsOf(String(event.type)), event.data) },
      };
    },
  };
}

export type Masking = ReturnType<typeof createMasking>;

const plainAttributes = ["specversion", "id", "type", "source", "time", "datacontenttype", "dataschema"];
const isPlainAttribute = (name: string) => plainAttributes.includes(name);
const plainHeaders = /^(ce_(id|type|source|time)|received_at|traceparent|time_[a-z_]+|dl_[a-z]+|enrichment_[a-z_]+)$/;

function maskedNames<T>(values: Readonly<Record<string, T>>, isLeft: (name: string) => boolean) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isLeft(name) ? value : mask]),
  ) as Readonly<Record<string, T>>;
}

/** Of a record that a consumer refused, `got` is what the consumer said, which may quote anything. */
function isPlain(fields: readonly AvroFieldJson[], kind: Item["kind"], { code, pointer }: Fault): boolean {
  if (kind === "dead") return false;
  // Names, which are in the pointer anyway, or nothing at all.
  if (["event_field_unknown", "event_key_forbidden", "event_field_missing"].includes(code)) return true;
  const [place, ...steps] = pointer.split("/").slice(1);
  if (place !== "data") return place === undefined || isPlainAttribute(place);
  return steps.length > 0 && leadsToPlain({ type: "record", name: "", fields }, steps);
}

function leadsToPlain(schema: AvroJson, steps: readonly string[]): boolean {
  const [step, ...rest] = steps;
  const own = withoutNull(schema);
  if (typeof own === "string" || own === undefined)
    return own !== undefined && primitives.includes(own) && step === undefined;
  switch (own.type) {
    case "record": {
      const field = "fields" in own ? own.fields.find(({ name }) => name === step) : undefined;
      return field !== undefined && field.pii === undefined && leadsToPlain(field.type, rest);
    }
    case "array":
      return "items" in own && step !== undefined && leadsToPlain(own.items, rest);
    case "map":
      return "values" in own && step !== undefined && leadsToPlain(own.values, rest);
    default:
      return step === undefined;
  }
}

const primitives = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"];

function withoutNull(schema: AvroJson): Exclude<AvroJson, readonly AvroJson[]> | undefined {
  if (!Array.isArray(schema)) return schema as Exclude<AvroJson, readonly AvroJson[]>;
  return schema.find((branch) => branch !== "null");
}

function maskedData(fields: readonly AvroFieldJson[], data: unknown): unknown {
  return data === null || data === undefined ? null : maskedValue({ type: "record", name: "", fields }, data);
}

function maskedValue(schema: AvroJson, value: unknown): unknown {
  if (value === null) return null;
  const own = withoutNull(schema);
  if (own === undefined) return mask;
  // A name of another type is not followed.
  if (typeof own === "string") return primitives.includes(own) && typeof value !== "object" ? value : mask;
  if (own.type === "record" && "fields" in own && isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const field = own.fields.find((each) => each.name === name);
        if (field === undefined || (field.pii !== undefined && item !== null)) return [name, mask];
        return [name, maskedValue(field.type, item)];
      }),
    );
  }
  if (own.type === "array" && "items" in own && Array.isArray(value)) {
    return value.map((item) => maskedValue(own.items, item));
  }
  if (own.type === "map" && "values" in own && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskedValue(own.values, item)]));
  }
  return typeof value === "object" ? mask : value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
