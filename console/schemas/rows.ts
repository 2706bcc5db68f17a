import { readFileSync } from "node:fs";
import { type EventType, type ReleasedSchema, releasesOf, schemaFile } from "../../schemas/index.ts";
import { personalOf } from "../live/mask.ts";
import { differencesOf } from "./differences.ts";
import type { SchemaDetail, SchemaField, SchemaRow } from "./shapes.ts";

/** What the file of a type is called among its versions. */
export const nowName = "now";

export type Version = { readonly name: string; readonly schema: ReleasedSchema };

/** All versions of a type, the oldest first; the file as it is comes last, where no release is like it. */
export function readVersions(type: EventType): readonly Version[] {
  const released = releasesOf(type.name, type.folder).map(({ version, schema }) => ({ name: String(version), schema }));
  const file = JSON.parse(readFileSync(schemaFile(type), "utf8")) as ReleasedSchema;
  const newest = released.at(-1);
  const isReleased = newest !== undefined && differencesOf(newest.schema, file).length === 0;
  return isReleased ? released : [...released, { name: nowName, schema: file }];
}

/** @param perMinute events a minute; null: not known */
export function schemaRow(type: EventType, versions: readonly Version[], perMinute: number | null): SchemaRow {
  const released = versions.filter(({ name }) => name !== nowName);
  const isChanged = released.length < versions.length;
  const newest = released.at(-1)?.name;
  return {
    ...{ name: type.name, kind: type.kind, topic: type.topic, key: type.keyField, class: type.class, perMinute },
    version: newest === undefined ? null : Number(newest),
    trouble: !isChanged ? null : newest === undefined ? "not released" : `changed since version ${newest}`,
    fields: type.fields.length,
    personal: personalOf(type).size,
  };
}

export function fieldsOf(type: EventType): readonly SchemaField[] {
  const own = new Set(type.fields.map(({ name }) => name));
  const personal = personalOf(type);
  return (type.enriched?.fields ?? type.fields).map((field) => ({
    ...{ name: field.name, doc: field.doc, required: !field.hasDefault, enrichment: !own.has(field.name) },
    type: `${field.symbols?.join(" | ") ?? field.logicalType ?? field.avroType}${field.nullable ? " or null" : ""}`,
    personal: field.pii ?? (personal.has(field.name) ? "in a part of it" : null),
  }));
}

/** The difference of two versions by their names; of the newest two where they are not said. null: there are no two. */
export function differenceOf(
  versions: readonly Version[],
  asked: { readonly from?: string | undefined; readonly to?: string | undefined },
): SchemaDetail["difference"] {
  const named = (name: string | undefined) => versions.find((version) => version.name === name);
  const to = named(asked.to) ?? versions.at(-1);
  const from = named(asked.from) ?? (to === undefined ? undefined : versions[versions.indexOf(to) - 1]);
  if (to === undefined || from === undefined) return null;
  return { from: from.name, to: to.name, changes: differencesOf(from.schema, to.schema) };
}
