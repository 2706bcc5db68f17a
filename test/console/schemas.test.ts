import { expect, test } from "vitest";
import { readMetrics } from "../../console/flow/read-metrics.ts";
import { comparedOf, minuteText } from "../../console/page/schemas/schema-words.ts";
import { checkPasted } from "../../console/schemas/check.ts";
import { differencesOf } from "../../console/schemas/differences.ts";
import { ratesOf } from "../../console/schemas/rates.ts";
import { differenceOf, fieldsOf, readVersions, schemaRow } from "../../console/schemas/rows.ts";
import { type EventType, loadCatalogue, type ReleasedSchema } from "../../schemas/index.ts";

const catalogue = loadCatalogue();
const type = catalogue.types.get("driver.location") as EventType;
const versions = readVersions(type);
const now = versions.at(-1)?.schema as ReleasedSchema;

/** The schema as it is, with other fields. */
const withFields = (change: (fields: ReleasedSchema["fields"]) => readonly object[]) =>
  ({ ...now, fields: change(now.fields) }) as ReleasedSchema;

test("every type has a row, fields and, with two versions, a difference", () => {
  for (const each of catalogue.types.values()) {
    const all = readVersions(each);
    const row = schemaRow(each, all, null);
    expect(row).toMatchObject({ name: each.name, topic: each.topic, fields: each.fields.length, perMinute: null });
    // Whoever changes a schema releases it.
    expect(row).toMatchObject({ version: all.length, trouble: null });
    expect(fieldsOf(each).length).toBeGreaterThanOrEqual(each.fields.length);
    expect(differenceOf(all, {}) === null).toBe(all.length < 2);
  }
  const fields = fieldsOf(type);
  expect(fields.find(({ name }) => name === "driver_id")).toMatchObject({ personal: "identifier", required: true });
  expect(fields.some(({ enrichment }) => enrichment)).toBe(true);
});

test("a file that is not released yet is a version of its own, and the row says so", () => {
  const changed = [...versions, { name: "now", schema: withFields((fields) => fields.slice(0, -1)) }];
  expect(schemaRow(type, changed, 3).trouble).toMatch(/^changed since version \d+$/);
  expect(differenceOf(changed, {})).toMatchObject({ from: String(versions.length), to: "now" });
  expect(schemaRow(type, changed.slice(-1), 3)).toMatchObject({ version: null, trouble: "not released" });
});

test("a difference names fields that came, went, changed their type, and those of which only words changed", () => {
  const next = withFields((fields) => [
    ...fields
      .filter(({ name }) => name !== "accuracy")
      .map((field) =>
        field.name === "latitude"
          ? { ...field, type: "string" }
          : field.name === "speed"
            ? { ...field, doc: "?" }
            : field,
      ),
    { name: "battery", type: ["null", "int"], default: null, doc: "Charge." },
  ]);
  const changes = differencesOf(now, next);
  expect(changes.map(({ field, breaking }) => [field, breaking])).toEqual(
    expect.arrayContaining([
      ["latitude", true],
      ["accuracy", false],
      ["battery", false],
      ["speed", false],
    ]),
  );
  expect(changes).toHaveLength(4);
  expect(changes.find(({ field }) => field === "speed")).toMatchObject({ new: "doc: ?" });
  expect(differencesOf(now, now)).toEqual([]);
});

test("a pasted schema is checked against every version, and the field that breaks is named", () => {
  const check = (schema: unknown) =>
    checkPasted(type, typeof schema === "string" ? schema : JSON.stringify(schema), { catalogue, versions });
  expect(check(now)).toMatchObject({ problem: null, results: versions.map(() => ({ compatible: true })) });
  // What the registry keeps is the schema alone.
  const { topic: _topic, key: _key, class: _class, ...bare } = now as ReleasedSchema & { readonly class?: string };
  expect(check(bare).results.at(-1)).toMatchObject({ compatible: true, changes: [] });
  const broken = check(withFields((fields) => [...fields, { name: "altitude", type: "double", doc: "Height." }]));
  expect(broken.results.at(-1)).toMatchObject({
    compatible: false,
    changes: [{ field: "altitude", breaking: true, advice: expect.stringContaining("default") }],
  });
  expect(check("{").problem).toContain("no JSON");
  expect(check("null").problem).not.toBeNull();
  expect(check("[1]").problem).not.toBeNull();
  expect(check({ ...now, keys: 1 }).problem).toContain("keys");
  expect(check(withFields((fields) => fields.slice(1))).problem).toContain("driver_id");
});

test("events a minute are those that ingest accepted between two looks at the same process", () => {
  const look = (seconds: number, started: number, accepted: number) => ({
    at: seconds * 1_000,
    numbers: readMetrics(
      `process_start_time_seconds ${started}\nhailstream_ingest_events_total{type="trip.started",result="accepted",code=""} ${accepted}\nhailstream_ingest_events_total{type="trip.started",result="rejected",code="x"} 900\n`,
    ),
  });
  expect(ratesOf([look(0, 1, 100), look(15, 1, 110), look(30, 1, 130)])?.("trip.started")).toBe(60);
  expect(ratesOf([look(0, 1, 100), look(30, 2, 5)])).toBeUndefined();
  expect(ratesOf([look(0, 1, 100)])).toBeUndefined();
  expect(ratesOf([look(0, 1, 100), look(30, 1, 100)])?.("other")).toBe(0);
  expect([null, 0, 3.14, 4_000].map(minuteText)).toEqual(["–", "0", "3.1", "4,000"]);
});

test("the versions that are compared are part of the address", () => {
  expect(comparedOf("?from=1&to=now")).toEqual({ from: "1", to: "now" });
  expect(comparedOf("?from=x&to=")).toEqual({ from: undefined, to: undefined });
  expect(differenceOf(versions, { from: "1", to: "1" })).toMatchObject({ from: "1", to: "1", changes: [] });
});
