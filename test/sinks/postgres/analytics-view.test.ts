import { expect, test } from "vitest";
import { loadCatalogue } from "../../../schemas/index.ts";
import { analyticsViewOf, analyticsViewSql, grantAnalystSql } from "../../../sinks/postgres/analytics-view.ts";
import { storedTables } from "../../../sinks/postgres/event-types.ts";

const point = {
  type: "record",
  name: "Point",
  fields: [{ name: "lat", type: "double", doc: "Where.", pii: "location" }],
};
const fields = [
  { name: "ride_id", type: "string", doc: "The ride.", pii: "identifier" },
  { name: "plate", type: "string", doc: "The plate.", pii: "identifier" },
  { name: "fare", type: "int", doc: "What it costs." },
  { name: "note", type: "string", doc: "What was typed.", pii: "free-text" },
  { name: "way", type: { type: "array", items: point }, doc: "The places." },
];
const tableOf = (analytics: string, more: object[] = [], all: object[] = fields) => {
  const schema = { type: "record", name: "Ride", fields: [...all, ...more] };
  const [table] = storedTables([
    { name: "ride", doc: "A ride.", topic: "rides", keyField: "ride_id", analytics, schema },
  ]);
  if (table === undefined) throw new Error("no table");
  return table.definition;
};

test("ids become pseudonyms, other personal data is left out, inside of records too", () => {
  const view = analyticsViewOf(tableOf("fct_rides"));
  expect(view?.columns.map(({ name }) => name)).toEqual([
    "event_id",
    "occurred_at",
    "occurred_on",
    "occurred_hour",
    "received_at",
    "source",
    "time_corrected",
    "time_flag",
    "ride_key",
    "fare",
  ]);
  expect(view?.leftOut).toEqual(["plate", "note", "way"]);
  expect(view?.comment).toBe("A ride. Left out as personal data: plate, note, way.");
  expect(view?.columns.find(({ name }) => name === "ride_key")?.comment).toMatch(
    /^Pseudonym of ride_id: .* The ride\.$/,
  );
});

test("a dimension is the newest row of each key, its key first", () => {
  const [sql] = analyticsViewSql(tableOf("dim_rides"), undefined);
  expect(sql).toBe(`create or replace view analytics."dim_rides" as select distinct on ("ride_id")
  pipeline.pseudonym((select secret from pipeline.pseudonyms), "ride_id") as "ride_key",
  "occurred_at" as "valid_from",
  "fare" as "fare"
from events."ride"
order by "ride_id", "occurred_at" desc, "event_id" collate "C" desc`);
});

test("a fact with revisions is the newest of each", () => {
  const table = tableOf("fct_rides", [{ name: "revision", type: "int", doc: "Which." }]);
  expect(analyticsViewSql(table, undefined)[1]).toMatch(/from events\."ride_latest"$/);
  expect(grantAnalystSql(table).at(-1)).toMatch(
    /^grant select \("event_id", .*"fare", "revision"\) on events\."ride_latest" to analyst$/,
  );
});

test("a new column goes behind those that are there; one that has become personal makes the view anew", () => {
  const names = (sql: readonly string[]) =>
    [...(sql.join("\n").match(/ as "\w+"/g) ?? [])].map((as) => as.slice(5, -1));
  const present = analyticsViewOf(tableOf("agg_rides"))?.columns.map(({ name }) => name) ?? [];
  const tip = { name: "tip", type: "int", doc: "A tip." };
  const grown = analyticsViewSql(tableOf("agg_rides", [], [tip, ...fields]), present);
  expect(grown[1]).toMatch(/^create or replace/);
  expect(names(grown)).toEqual([...present, "tip"]);
  const personal = fields.map((field) => (field.name === "fare" ? { ...field, pii: "free-text" } : field));
  const lessened = analyticsViewSql(tableOf("agg_rides", [], personal), present);
  expect(lessened[1]).toBe('drop view analytics."agg_rides"');
  expect(names(lessened)).toEqual(["ride_key", "occurred_at", "occurred_on", "occurred_hour"]);
});

test("no view of the shipped schemas tells a personal field, and the nine that are promised are there", () => {
  const tables = storedTables(loadCatalogue().types.values()).map(({ definition }) => definition);
  for (const table of tables) {
    const view = analyticsViewOf(table);
    const personal = table.columns.filter(({ pii }) => pii !== undefined).map(({ name }) => `"${name}"`);
    for (const { name, sql } of view?.columns ?? []) {
      expect(personal.includes(sql), `${view?.name}.${name}`).toBe(false);
    }
  }
  const names = tables.flatMap(({ analytics }) => analytics?.name ?? []);
  expect(names).toEqual(
    expect.arrayContaining(
      "fct_trips fct_driver_locations fct_payments_failed fct_app_errors fct_alerts dim_drivers dim_vehicles dim_cities agg_marketplace_minutes".split(
        " ",
      ),
    ),
  );
});
