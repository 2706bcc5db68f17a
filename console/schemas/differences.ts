import { compareSchemas, type ReleasedSchema } from "../../schemas/index.ts";
import type { SchemaChange } from "./shapes.ts";

type Field = ReleasedSchema["fields"][number];

/**
 * What changed from one version to another, field by field: what decides whether records can be read, by the same comparison as `hailstream schemas check`; and
 * below it what only people and tables see: words, marks, bounds.
 */
export function differencesOf(old: ReleasedSchema, now: ReleasedSchema): readonly SchemaChange[] {
  const changes: SchemaChange[] = compareSchemas(old, now);
  const told = new Set(changes.map(({ field }) => field.split(/[.[{]/)[0]));
  for (const field of now.fields) {
    const before = old.fields.find(({ name }) => name === field.name);
    if (before === undefined || told.has(field.name)) continue;
    const names = [...new Set([...Object.keys(before), ...Object.keys(field)])].filter(
      (name) => name !== "idPrefix" && textOf(before, name) !== textOf(field, name),
    );
    if (names.length === 0) continue;
    const said = (from: Field) => names.map((name) => `${name}: ${textOf(from, name) ?? "none"}`).join("; ");
    changes.push({
      ...{ field: field.name, breaking: false, old: said(before), new: said(field) },
      advice: "records are read as before",
    });
  }
  if (old.doc !== now.doc && changes.every(({ field }) => field !== "")) {
    changes.push({
      ...{ field: "", breaking: false, old: old.doc ?? "none", new: now.doc ?? "none" },
      advice: "records are read as before",
    });
  }
  return changes;
}

function textOf(field: Field, name: string): string | undefined {
  const value = (field as Readonly<Record<string, unknown>>)[name];
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}
