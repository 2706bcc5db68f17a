import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareLocks, generateCode, loadCatalogue, readLock, release, schemaFolder } from "../../../schemas/index.ts";

type Json = { fields: { name: string; type: unknown; default?: unknown; doc: string }[] } & Record<string, unknown>;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hailstream-lock-"));
  cpSync(join(import.meta.dirname, "fixture"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, "events", "every.kind.avsc");
const generate = (language = "ts") => generateCode(loadCatalogue(schemaFolder, [folder]), language, ["every.kind"]);

/** Changes the schema file. */
function edit(change: (schema: Json) => void): void {
  const schema = JSON.parse(readFileSync(file(), "utf8")) as Json;
  change(schema);
  writeFileSync(file(), JSON.stringify(schema));
}

function fieldNamed(schema: Json, name: string) {
  const found = schema.fields.find((field) => field.name === name);
  if (found === undefined) throw new Error(`no field ${name}`);
  return found;
}

/** What a lock says after a change of the schema. */
function changesAfter(change: (schema: Json) => void): string[] {
  const before = generate().lock;
  edit(change);
  return compareLocks(before, generate().lock).map(({ type, what }) => `${type} ${what}`);
}

test("a lock is read as it was written, and nothing else is", () => {
  const { files, lock, lockFile } = generate();
  expect(readLock(files.get(lockFile) as string)).toMatchObject(lock);
  for (const text of ["", "null", "[]", "7", "{}", '{"types":{"a":null}}', '{"types":{"a":{"version":1}}}', "{"])
    expect(readLock(text)).toBeUndefined();
});

test("nothing changed is no change", () => {
  expect(changesAfter(() => undefined)).toEqual([]);
});

test("a new field, one that is gone, and one of another type are told", () => {
  const changes = changesAfter((schema) => {
    schema.fields.push({ name: "more", type: ["null", "string"], default: null, doc: "More." });
    schema.fields = schema.fields.filter(({ name }) => name !== "rough");
    fieldNamed(schema, "small").type = "long";
    fieldNamed(schema, "yes").default = undefined;
  });
  expect(changes).toEqual([
    "every.kind field small: was int, is long",
    "every.kind no longer has the field rough: code that sends it is refused",
    "every.kind field yes: was boolean, may be left out, is boolean",
    "every.kind has the new field more: text or null, may be left out",
  ]);
});

test("a change deep inside is told", () => {
  const change = changesAfter((schema) => {
    const parts = fieldNamed(schema, "parts").type as { items: { fields: { name: string }[] } };
    parts.items.fields.pop();
  });
  expect(change).toHaveLength(1);
  expect(change[0]).toContain("field parts: was list of { part_name: text, kind?");
});

test("docs, bounds and class are told, since they stand in the code", () => {
  const said = ["every.kind has other docs, bounds or class"];
  expect(changesAfter((schema) => Object.assign(schema, { class: "bulk" }))).toEqual(said);
  expect(changesAfter((schema) => Object.assign(fieldNamed(schema, "rough"), { doc: "Rougher." }))).toEqual(said);
  expect(changesAfter((schema) => Object.assign(fieldNamed(schema, "small"), { maximum: 8 }))).toEqual(said);
});

test("a type that is new or gone is told", () => {
  const catalogue = loadCatalogue();
  const one = generateCode(catalogue, "ts", ["trip.rated"]).lock;
  const other = generateCode(catalogue, "ts", ["trip.started"]).lock;
  expect(compareLocks(one, other)).toEqual([
    { type: "trip.rated", what: "is gone, or not chosen any more" },
    { type: "trip.started", what: "is new" },
  ]);
});

test("versions are those of released schemas, with + for what is not released", () => {
  const version = () => generate().lock.types["every.kind"]?.version;
  expect(version()).toBe("0+");
  release("every.kind", readFileSync(file(), "utf8"), folder);
  expect(version()).toBe("1");
  edit((schema) => schema.fields.push({ name: "more", type: ["null", "string"], default: null, doc: "More." }));
  expect(version()).toBe("1+");
  expect(changesAfter(() => void release("every.kind", readFileSync(file(), "utf8"), folder))).toEqual([
    "every.kind is version 2, was 1+",
  ]);
  expect(generate().files.get("events.ts")).toContain("//   every.kind 2\n");
});

test("a prefix of ids makes no version", () => {
  expect(release("every.kind", readFileSync(file(), "utf8"), folder)).toEqual({ version: 1, isNew: true });
  edit((schema) => Object.assign(fieldNamed(schema, "thing_id"), { idPrefix: "oth_" }));
  expect(release("every.kind", readFileSync(file(), "utf8"), folder)).toEqual({ version: 1, isNew: false });
});

test("what apps do not post is not among the events, and is refused by name", () => {
  const { lock } = generateCode(loadCatalogue(), "ts");
  for (const type of ["trip", "alert", "driver.profile", "app.events_dropped"])
    expect(lock.types[type]).toBeUndefined();
  expect(generateCode(loadCatalogue(), "ts", ["driver.*"]).lock.types).not.toHaveProperty("driver.profile");
  expect(generateCode(loadCatalogue(), "ts", ["driver.profile"]).lock.types).toHaveProperty(["driver.profile"]);
  expect(() => generateCode(loadCatalogue(), "ts", ["trip"])).toThrow("the pipeline makes it itself");
});

test.each([
  ["typescript", "ts"],
  ["TS", "ts"],
  ["kt", "kotlin"],
  ["kotln", "kotlin"],
  ["swfit", "swift"],
])("the language %s is unknown, and %s is proposed", (language, hint) => {
  expect(() => generate(language)).toThrow(
    `--lang must be one of ts, swift, kotlin, got ${language}. Did you mean ${hint}?`,
  );
});

test("an unknown event is refused with the nearest", () => {
  const choose =
    (...types: string[]) =>
    () =>
      generateCode(loadCatalogue(), "ts", types);
  expect(choose("trip.ratd")).toThrow("--types names trip.ratd, which no event is called. Did you mean trip.rated?");
  expect(choose("taxi.*")).toThrow("hailstream schemas list");
  expect(choose()).toThrow("--types names no event");
  expect(choose("toString")).toThrow("no event is called");
});

test.each<[string, string, Json["fields"][number]]>([
  ["ts", "is of bytes", { name: "raw", type: ["null", "bytes"], default: null, doc: "Raw." }],
  ["kotlin", "are one name in code", { name: "thing__id", type: "string", doc: "Another." }],
  ["swift", "are one name in code", { name: "hailstream_type", type: "string", doc: "Taken." }],
  ["swift", "Data has a name that the code for swift needs", enumField("Data", ["a"])],
  ["ts", "the ids of ThingId would both be called ThingId", enumField("ThingId", ["a"])],
  ["kotlin", "EveryKindNew has on_trip and ON_TRIP", enumField("EveryKindNew", ["on_trip", "ON_TRIP"])],
])("for %s it is refused that a schema %s", (language, message, field) => {
  edit((schema) => schema.fields.push(field));
  expect(() => generate(language)).toThrow(message);
});

test("one name for fields that differ in code is fine in TypeScript, which keeps them", () => {
  edit((schema) => schema.fields.push({ name: "thing__id", type: "string", doc: "Another." }));
  expect(generate().files.get("events.ts")).toContain("readonly thing__id: string;");
});

function enumField(name: string, symbols: readonly string[]): Json["fields"][number] {
  return { name: "more", type: { type: "enum", name, doc: "More.", symbols }, doc: "More." };
}

test.each([
  ["Drv", "must be like"],
  ["drv", "must be like"],
  [[], "must be like"],
  [["drv_", 7], "must be like"],
])("the idPrefix %j is refused", (idPrefix, message) => {
  edit((schema) => Object.assign(fieldNamed(schema, "class"), { idPrefix }));
  expect(() => loadCatalogue(schemaFolder, [folder])).toThrow(message);
});

test("an idPrefix on what is no text is refused", () => {
  edit((schema) => Object.assign(fieldNamed(schema, "small"), { idPrefix: "drv_" }));
  expect(() => loadCatalogue(schemaFolder, [folder])).toThrow('an "idPrefix" but is no string');
});
