import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AvroRecord } from "./avro-json.ts";
import { schemaFolder } from "./catalogue.ts";
import type { EventType } from "./event-type.ts";

/** A schema file as it was when it was released, with topic and key. */
export type ReleasedSchema = AvroRecord & { readonly topic?: string; readonly key?: string };
export type Release = { readonly version: number; readonly schema: ReleasedSchema };

/** The name under which the enrichment fields are released, next to the types. */
export const enrichmentName = "enrichment";

const kindFolders = { event: "events", reference: "reference", derived: "derived" } as const;

/** The file of a type, or of the enrichment in a folder. */
export function schemaFile(
  type: Pick<EventType, "name" | "kind" | "folder"> | typeof enrichmentName,
  folder = schemaFolder,
): string {
  if (type === enrichmentName) return join(folder, `${enrichmentName}.avsc`);
  return join(type.folder, kindFolders[type.kind], `${type.name}.avsc`);
}

/** The released versions of a type, oldest first. */
export function releasesOf(name: string, folder = schemaFolder): Release[] {
  let files: string[];
  try {
    files = readdirSync(join(folder, "released", name));
  } catch {
    return [];
  }
  return files
    .filter((file) => /^\d+\.avsc$/.test(file))
    .map((file) => ({
      version: Number.parseInt(file, 10),
      schema: JSON.parse(readFileSync(join(folder, "released", name, file), "utf8")) as ReleasedSchema,
    }))
    .sort((a, b) => a.version - b.version);
}

/** The names that have released versions, in order. */
export function releasedNames(folder = schemaFolder): string[] {
  try {
    return readdirSync(join(folder, "released")).sort();
  } catch {
    return [];
  }
}

/** Keeps the text of a schema file as the next released version, unless it is the newest one already. Gives its number. */
export function release(name: string, text: string, folder = schemaFolder): { version: number; isNew: boolean } {
  const newest = releasesOf(name, folder).at(-1);
  if (newest !== undefined && compared(newest.schema) === compared(JSON.parse(text))) {
    return { version: newest.version, isNew: false };
  }
  const version = (newest?.version ?? 0) + 1;
  mkdirSync(join(folder, "released", name), { recursive: true });
  writeFileSync(join(folder, "released", name, `${version}.avsc`), text);
  return { version, isNew: true };
}

/** Prefixes of ids are for generated code alone, so they make no new version. */
function compared(schema: unknown): string {
  return JSON.stringify(schema, (key, value: unknown) => (key === "idPrefix" ? undefined : value));
}
