import type { EventField, EventType } from "../../schemas/index.ts";
import { maskText } from "./shapes.ts";

const personalByType = new WeakMap<EventType, ReadonlySet<string>>();

/** The fields that a type's schema marks as personal, those of its enrichment included. */
export function personalOf(type: EventType): ReadonlySet<string> {
  let personal = personalByType.get(type);
  if (personal === undefined) {
    personal = personalFields(type.enriched?.fields ?? type.fields);
    personalByType.set(type, personal);
  }
  return personal;
}

function personalFields(fields: readonly EventField[]): ReadonlySet<string> {
  return new Set(
    fields.filter((field) => field.pii !== undefined || holdsPersonal(field.schema)).map(({ name }) => name),
  );
}

/** Marks inside a nested record, array, map or union count for the whole field. */
function holdsPersonal(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(holdsPersonal);
  if (typeof schema !== "object" || schema === null) return false;
  return "pii" in schema || Object.values(schema).some(holdsPersonal);
}

/** Data without its personal values. */
export function masked(
  data: Readonly<Record<string, unknown>>,
  personal: ReadonlySet<string>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, personal.has(name) ? maskText : value]));
}
