import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkCompatibility, compareSchemas, loadCatalogue, release, schemaFolder } from "../../schemas/index.ts";

const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more });
const schema = (...fields: object[]) => ({
  type: "record" as const,
  name: "Order",
  namespace: "x",
  topic: "t",
  key: "id",
  fields: fields as never,
});
const id = field("id", "string");
const status = (...symbols: string[]) => field("status", { type: "enum", name: "Status", symbols });

describe("compareSchemas", () => {
  test("no change is no finding", () => {
    expect(compareSchemas(schema(id), schema(id))).toEqual([]);
  });

  test.each<[string, object[], object[], string, RegExp]>([
    ["a new field without a default", [id], [id, field("note", "string")], "note", /give it a default/],
    [
      "a renamed field",
      [id, field("colour", "string")],
      [id, field("color", "string")],
      "color",
      /if it is colour under a new name/,
    ],
    ["another type", [id, field("n", "string")], [id, field("n", "int")], "n", /add a field with a new name/],
    ["a narrower number", [id, field("n", "long")], [id, field("n", "int")], "n", /keep long/],
    [
      "null no longer allowed",
      [id, field("n", ["null", "int"], { default: null })],
      [id, field("n", "int", { default: 0 })],
      "n",
      /keep null/,
    ],
    ["a symbol gone", [id, status("a", "b")], [id, status("a")], "status", /keep b/],
    [
      "a default gone",
      [id, field("n", "int", { default: 0 })],
      [id, field("n", "int")],
      "n",
      /give it its default back/,
    ],
    [
      "a time read as a number",
      [id, field("n", { type: "long", logicalType: "timestamp-millis" })],
      [id, field("n", "long")],
      "n",
      /meaning/,
    ],
    [
      "inside a list of records",
      [id, field("l", { type: "array", items: { type: "record", name: "P", fields: [field("a", "int")] } })],
      [
        id,
        field("l", {
          type: "array",
          items: { type: "record", name: "P", fields: [field("a", "int"), field("b", "int")] },
        }),
      ],
      "l[].b",
      /give it a default/,
    ],
  ])("%s breaks", (_what, old, now, place, advice) => {
    const breaking = compareSchemas(schema(...old), schema(...now)).filter((change) => change.breaking);
    expect(breaking).toMatchObject([{ field: place, advice: expect.stringMatching(advice) }]);
  });

  test.each<[string, object[], object[], string]>([
    ["a new field with a default", [id], [id, field("note", ["null", "string"], { default: null })], "note"],
    ["a field gone", [id, field("note", "string")], [id], "note"],
    ["a wider number", [id, field("n", "int")], [id, field("n", "double")], "n"],
    ["a new symbol", [id, status("a")], [id, status("a", "b")], "status"],
  ])("%s is told and does not break", (_what, old, now, place) => {
    expect(compareSchemas(schema(...old), schema(...now))).toMatchObject([{ field: place, breaking: false }]);
  });

  test("null that becomes allowed does not break", () => {
    const changes = compareSchemas(
      schema(id, field("n", "int")),
      schema(id, field("n", ["null", "int"], { default: null })),
    );
    expect(changes.filter((change) => change.breaking)).toEqual([]);
  });

  test("another key or topic breaks", () => {
    const now = { ...schema(id), topic: "u", key: "other" };
    expect(compareSchemas(schema(id), now).map((change) => change.breaking)).toEqual([true, true]);
  });
});

describe("checkCompatibility", () => {
  test("the schemas of this program read all released versions", () => {
    const results = checkCompatibility(loadCatalogue());
    expect(results.length).toBeGreaterThanOrEqual(19);
    expect(results.filter((result) => !result.compatible)).toEqual([]);
  });

  test("every version counts, not only the newest, and a type that is gone", () => {
    const folder = mkdtempSync(join(tmpdir(), "hailstream-schemas-"));
    try {
      for (const part of ["events", "reference", "derived", "released", "enrichment.avsc"]) {
        cpSync(join(schemaFolder, part), join(folder, part), { recursive: true });
      }
      const location = loadCatalogue(folder).types.get("driver.location")?.schema;
      const text = JSON.stringify({
        ...location,
        topic: "driver-locations",
        key: "driver_id",
        fields: location?.fields.slice(0, 7),
      });
      expect(release("driver.location", text, folder)).toEqual({ version: 2, isNew: true });
      expect(release("driver.location", text, folder)).toEqual({ version: 2, isNew: false });
      rmSync(join(folder, "events", "driver.status.avsc"));
      const file = join(folder, "events", "payment.failed.avsc");
      const payment = loadCatalogue(folder).types.get("payment.failed")?.schema;
      const fields = payment?.fields.map((f) => (f.name === "amount" ? { ...f, type: "string" } : f));
      writeFileSync(file, JSON.stringify({ ...payment, topic: "payments", key: "trip_id", class: "critical", fields }));
      const broken = checkCompatibility(loadCatalogue(folder), folder).filter((result) => !result.compatible);
      expect(broken).toMatchObject([
        {
          type: "driver.status",
          version: 1,
          changes: [{ advice: expect.stringMatching(/put driver\.status\.avsc back/) }],
        },
        {
          type: "payment.failed",
          version: 1,
          changes: [{ field: "amount", old: "long", new: "string", breaking: true }],
        },
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
