import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { didYouMean, messageOf } from "../runtime/index.ts";
import { schemaFolder } from "./catalogue.ts";
import { plainTypeOf } from "./codec.ts";
import type { Catalogue } from "./event-type.ts";
import { enrichmentName, type ReleasedSchema, releasedNames, releasesOf, schemaFile } from "./released.ts";
import { type FieldShape, parseShape, type RecordShape, type Shape } from "./shape.ts";

/** One difference between a released version and the schema as it is now. */
export type Change = {
  /** Name of the field, with dots for nested ones; empty for the record itself. */
  readonly field: string;
  /** A breaking change leaves records that the new schema cannot read, or breaks the order of a key. */
  readonly breaking: boolean;
  readonly old: string;
  readonly new: string;
  readonly advice: string;
};

export type CompatibilityResult = {
  readonly type: string;
  /** The released version compared with. */
  readonly version: number;
  readonly compatible: boolean;
  readonly changes: readonly Change[];
};

/** Numbers that Avro reads as a wider kind. */
const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ["long", "float", "double"],
  long: ["float", "double"],
  float: ["double"],
};

/**
 * Compares every schema of a folder with every released version of it (BACKWARD_TRANSITIVE), without a registry. A released type whose
 * file is gone is reported too: its records are still in the topics.
 */
export function checkCompatibility(catalogue: Catalogue, folder: string = schemaFolder): CompatibilityResult[] {
  const current = new Map<string, ReleasedSchema>();
  for (const type of catalogue.types.values())
    if (type.folder === resolve(folder)) current.set(type.name, readSchema(schemaFile(type)));
  const enrichment = schemaFile(enrichmentName, folder);
  if (existsSync(enrichment)) current.set(enrichmentName, readSchema(enrichment));
  return releasedNames(folder).flatMap((name) =>
    releasesOf(name, folder).map(({ version, schema: old }): CompatibilityResult => {
      const now = current.get(name);
      const changes = now === undefined ? [removedType(name)] : compareSchemas(old, now);
      return { type: name, version, compatible: !changes.some((change) => change.breaking), changes };
    }),
  );
}

/** What changed from `old` to `now`. The verdict is avsc's resolver's; the walk says where and what to do. */
export function compareSchemas(old: ReleasedSchema, now: ReleasedSchema): Change[] {
  const changes: Change[] = [];
  compareProperty("topic", old.topic, now.topic, "records of one key would lie in two topics", changes);
  compareProperty("key", old.key, now.key, "events would be ordered by another field than those before", changes);
  compareRecords(parseShape(old), parseShape(now), "", changes);
  if (changes.some((change) => change.breaking)) return changes;
  try {
    plainTypeOf(now).createResolver(plainTypeOf(old));
  } catch (error) {
    changes.push(breaking("", `${old.name}`, `${now.name}`, `undo the change: ${messageOf(error)}`));
  }
  return changes;
}

function compareProperty(
  property: string,
  old: string | undefined,
  now: string | undefined,
  why: string,
  changes: Change[],
) {
  if (old === now) return;
  changes.push(
    breaking("", `${property} ${old}`, `${property} ${now}`, `keep the ${property}: ${why}; make a new type instead`),
  );
}

function compareRecords(old: RecordShape, now: RecordShape, path: string, changes: Change[]): void {
  if (old.name !== now.name) {
    changes.push(breaking(path, `record ${old.name}`, `record ${now.name}`, "keep the name of the record"));
  }
  const oldNames = old.fields.map((field) => field.name);
  const nowNames = now.fields.map((field) => field.name);
  const gone = oldNames.filter((name) => !nowNames.includes(name));
  for (const field of now.fields) {
    const place = below(path, field.name);
    const before = old.fields.find((candidate) => candidate.name === field.name);
    if (before !== undefined) {
      compareShapes(before.shape, field.shape, place, changes);
      compareDefaults(before, field, place, changes);
      continue;
    }
    const renamed = didYouMean(field.name, gone);
    if (field.default !== undefined) {
      changes.push({
        field: place,
        breaking: false,
        old: "not there",
        new: words(field.shape),
        advice: "nothing to do",
      });
    } else {
      const advice = `give it a default${renamed === undefined ? "" : `; if it is ${renamed} under a new name, keep ${renamed} too`}`;
      changes.push(breaking(place, "not there", `${words(field.shape)} without a default`, advice));
    }
  }
  for (const name of gone) {
    const field = old.fields.find((candidate) => candidate.name === name) as FieldShape;
    const advice = "older records are read without it; apps that still send it are refused, so stop them first";
    changes.push({ field: below(path, name), breaking: false, old: words(field.shape), new: "not there", advice });
  }
}

/** Apps that leave the field out send valid events today and would not tomorrow, although the records stay readable. */
function compareDefaults(old: FieldShape, now: FieldShape, place: string, changes: Change[]): void {
  if (old.default === undefined || now.default !== undefined) return;
  changes.push(
    breaking(place, "with a default", "without a default", "give it its default back: apps leave the field out"),
  );
}

function compareShapes(old: Shape, now: Shape, place: string, changes: Change[]): void {
  if (old.kind === "union" || now.kind === "union") {
    if (old.kind === "union" && now.kind !== "union") {
      changes.push(breaking(place, words(old), words(now), "keep null allowed: older records hold it"));
    }
    compareShapes(withoutNull(old), withoutNull(now), place, changes);
    return;
  }
  if (old.kind !== now.kind) {
    const readable = promotions[old.kind]?.includes(now.kind) ?? false;
    if (readable)
      changes.push({ field: place, breaking: false, old: words(old), new: words(now), advice: "nothing to do" });
    else {
      const advice = `keep ${words(old)}, and add a field with a new name and a default for ${words(now)}`;
      changes.push(breaking(place, words(old), words(now), advice));
    }
    return;
  }
  if (old.kind === "record" && now.kind === "record") compareRecords(old, now, place, changes);
  else if (old.kind === "array" && now.kind === "array") compareShapes(old.items, now.items, `${place}[]`, changes);
  else if (old.kind === "map" && now.kind === "map") compareShapes(old.values, now.values, `${place}{}`, changes);
  else if (old.kind === "enum" && now.kind === "enum") {
    const gone = old.symbols.filter((symbol) => !now.symbols.includes(symbol));
    const added = now.symbols.filter((symbol) => !old.symbols.includes(symbol));
    if (gone.length > 0) {
      changes.push(breaking(place, words(old), words(now), `keep ${gone.join(", ")}: older records hold it`));
    } else if (added.length > 0) {
      changes.push({
        field: place,
        breaking: false,
        old: words(old),
        new: words(now),
        advice: "start readers before apps",
      });
    }
  } else if (old.kind === "long" && now.kind === "long" && old.timestamp !== now.timestamp) {
    changes.push(
      breaking(place, words(old), words(now), "keep its meaning: older records would be read as something else"),
    );
  } else if (old.kind === "fixed" && now.kind === "fixed" && old.size !== now.size) {
    changes.push(breaking(place, words(old), words(now), "keep its size"));
  }
}

function removedType(name: string): Change {
  const advice = `put ${name}.avsc back: its records are still in the topics, and released types are never removed`;
  return breaking("", "a schema file", "no schema file", advice);
}

function withoutNull(shape: Shape): Shape {
  return shape.kind === "union" ? (shape.branches.find((branch) => branch.kind !== "null") ?? shape) : shape;
}

function words(shape: Shape): string {
  switch (shape.kind) {
    case "union":
      return `${words(withoutNull(shape))} or null`;
    case "enum":
      return `enum ${shape.symbols.join("/")}`;
    case "array":
      return `array of ${words(shape.items)}`;
    case "map":
      return `map of ${words(shape.values)}`;
    case "record":
      return `record ${shape.name.split(".").at(-1)}`;
    case "fixed":
      return `fixed of ${shape.size} bytes`;
    case "long":
      return shape.timestamp ? "timestamp" : "long";
    default:
      return shape.kind;
  }
}

function breaking(field: string, old: string, now: string, advice: string): Change {
  return { field, breaking: true, old, new: now, advice };
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function readSchema(file: string): ReleasedSchema {
  return JSON.parse(readFileSync(file, "utf8")) as ReleasedSchema;
}
