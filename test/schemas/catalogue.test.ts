import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { topicSpecs, topicTable } from "../../kafka/index.ts";
import { parseEventType } from "../../schemas/catalogue.ts";
import { checkCompatibility, exampleOf, loadCatalogue, schemaFolder } from "../../schemas/index.ts";

const catalogue = loadCatalogue();
const types = [...catalogue.types.values()];

describe("catalogue", () => {
  test("holds the types of the ride domain", () => {
    expect(types.map((type) => type.name)).toEqual(
      expect.arrayContaining(["driver.location", "trip.requested", "safety.sos", "app.error", "city", "alert", "trip"]),
    );
    expect(types.length).toBeGreaterThanOrEqual(19);
  });

  test.each(types)(
    "$name travels in topics that exist, an enriched topic with the partitions of its source",
    (type) => {
      const spec = topicTable.find((topic) => topic.name === type.topic);
      expect(spec, type.topic).toBeDefined();
      if (type.enriched === undefined) return;
      expect(topicTable.find((topic) => topic.name === type.enriched?.topic)?.partitions).toBe(spec?.partitions);
    },
  );

  test.each(types)("every field of $name that is nullable has the default null", (type) => {
    for (const field of type.fields) if (field.nullable) expect(field.default, field.name).toBe(null);
  });

  test("enriched types are the base fields followed by the enrichment", () => {
    const type = catalogue.types.get("driver.location");
    const added = catalogue.enrichment.fields.map((field) => field.name);
    expect(type?.enriched?.fields.map((field) => field.name)).toEqual([
      ...(type?.fields.map((f) => f.name) ?? []),
      ...added,
    ]);
  });

  test("a field knows its type without null, its symbols and its kind of personal data", () => {
    const status = catalogue.types.get("driver.status");
    expect(status?.fields[1]).toMatchObject({
      avroType: "enum",
      symbols: ["offline", "open", "dispatched", "on_trip"],
    });
    expect(status?.fields[2]).toMatchObject({ name: "latitude", avroType: "double", nullable: true, pii: "location" });
    expect(catalogue.types.get("alert")?.fields[8]).toMatchObject({
      avroType: "long",
      logicalType: "timestamp-millis",
    });
  });

  test.each(types)("the example of $name fills every field", (type) => {
    expect(Object.keys(exampleOf(type))).toEqual(type.fields.map((field) => field.name));
  });
});

describe("a schema file that cannot be used is refused by name and field", () => {
  const good = {
    type: "record",
    name: "OrderPlaced",
    namespace: "hailstream.events",
    doc: "An order.",
    topic: "orders",
    key: "order_id",
    class: "normal",
    fields: [{ name: "order_id", type: "string", doc: "The order." }],
  };
  const parse = (change: object) =>
    parseEventType("order.placed.avsc", JSON.stringify({ ...good, ...change }), "event", catalogue.enrichment);

  test("the good one is taken", () => {
    expect(parse({})).toMatchObject({
      name: "order.placed",
      fullName: "hailstream.events.OrderPlaced",
      keyField: "order_id",
    });
  });

  const field = (change: object) => ({
    fields: [...good.fields, { name: "amount", type: "long", doc: "Cents.", ...change }],
  });
  test.each([
    ["no doc of the record", { doc: undefined }, /OrderPlaced has no "doc"/],
    ["no topic", { topic: undefined }, /"topic" is missing/],
    ["no key", { key: undefined }, /"key" is missing/],
    ["a key that is no field", { key: "ordr_id" }, /did you mean order_id\?/],
    ["no class", { class: "urgent" }, /"class" must be one of critical, normal, bulk/],
    ["a name unlike the file's", { name: "Order" }, /"name" must be OrderPlaced/],
    ["a misspelt property", { topc: "x" }, /unknown property "topc"; did you mean "topic"/],
    ["a field without doc", field({ doc: "" }), /the field amount has no "doc"/],
    ["an unknown pii kind", field({ pii: "secret" }), /the field amount has the pii kind secret/],
    ["a field of a dangerous name", field({ name: "constructor" }), /constructor is refused/],
    ["an unknown type", field({ type: "money" }), /there is no type money/],
    ["a wide union", field({ type: ["null", "long", "string"] }), /a union must be of null and one other type/],
    ["items of no byte", field({ type: { type: "array", items: "null" } }), /its items may take no byte/],
    [
      "recursion",
      field({
        type: [
          "null",
          { type: "record", name: "Node", doc: "x", fields: [{ name: "next", type: ["null", "Node"], doc: "x" }] },
        ],
      }),
      /the type Node contains itself/,
    ],
  ])("%s", (_what, change, message) => {
    expect(() => parse(change)).toThrow(message);
    expect(() => parse(change)).toThrow(/^order\.placed\.avsc: /);
  });
});

describe("further folders", () => {
  const orders = join(schemaFolder, "..", "examples", "orders", "schemas");

  test("add their types to ours, and are checked against their own releases", () => {
    const further = loadCatalogue(schemaFolder, [orders]);
    expect(further.types.get("order.created")).toMatchObject({ kind: "event", topic: "orders", folder: orders });
    expect(further.types.size).toBe(loadCatalogue().types.size + 6);
    const results = checkCompatibility(further, orders);
    expect(results.map(({ type, compatible }) => [type, compatible])).toContainEqual(["order.created", true]);
    expect(results.some(({ type }) => type === "driver.location")).toBe(false);
  });

  test("without a schema file, or with a type that there is already, are refused", () => {
    expect(() => loadCatalogue(schemaFolder, [join(orders, "nowhere")])).toThrow(/--schemas-dir names .*nowhere/);
    expect(() => loadCatalogue(schemaFolder, [orders, orders])).toThrow(/another folder has a type of this name/);
  });

  test("their topics are made like ours: compacted for reference data", () => {
    const specs = topicSpecs([
      { topic: "orders", kind: "event" },
      { topic: "shops", kind: "reference" },
      { topic: "trip-events", kind: "event", enriched: { topic: "trip-events-enriched" } },
    ]);
    expect(specs.map(({ name, partitions, cleanup }) => [name, partitions, cleanup])).toEqual([
      ["orders", 6, "delete"],
      ["shops", 3, "compact"],
      ["trip-events", 6, "delete"],
      ["trip-events-enriched", 6, "delete"],
    ]);
    expect(specs[2]).toBe(topicTable.find(({ name }) => name === "trip-events"));
  });
});
