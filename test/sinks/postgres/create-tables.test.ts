import { expect, test } from "vitest";
import { envelopeColumns } from "../../../sinks/postgres/columns.ts";
import { alterTableSql, createTableSql, quoteName, quoteText } from "../../../sinks/postgres/create-tables.ts";
import { eventTableOf } from "../../../sinks/postgres/event-table.ts";
import { storedTables } from "../../../sinks/postgres/event-types.ts";

const schema = (...fields: object[]) => ({ type: "record", name: "Ping", fields });
const stored = (fields: object[], enriched?: object[]) => {
  const type = {
    name: "app.ping",
    doc: "An app's sign of life.",
    topic: "pings",
    keyField: "user",
    schema: schema(...fields),
  };
  const more =
    enriched === undefined ? {} : { enriched: { topic: "pings-enriched", schema: schema(...fields, ...enriched) } };
  const [table] = storedTables([{ ...type, ...more }]);
  if (table === undefined) throw new Error("no table");
  return table;
};
const fields = [
  { name: "user", type: "string", doc: "It's them." },
  { name: "event_id", type: ["null", "long"], doc: "A name that the envelope has taken." },
];

test("a table begins with the envelope and is partitioned by day", () => {
  expect(createTableSql(stored(fields).definition)).toMatchInlineSnapshot(`
    [
      "create table events."app_ping" (
      "event_id" text not null,
      "occurred_at" timestamptz not null,
      "received_at" timestamptz not null,
      "source" text,
      "subject" text,
      "schema_id" integer not null,
      "time_corrected" timestamptz,
      "time_error_ms" integer,
      "time_flag" text,
      "user" text,
      "data_event_id" bigint,
      primary key ("event_id", "occurred_at")
    ) partition by range ("occurred_at")",
      "create table events_days."app_ping_default" partition of events."app_ping" default",
      "create index "app_ping_time" on events."app_ping" using brin ("occurred_at" timestamptz_minmax_multi_ops) with (pages_per_range = 32, autosummarize = on)",
      "comment on table events."app_ping" is 'An app''s sign of life.'",
      "comment on column events."app_ping"."event_id" is 'Id that the app gave the event; the same event is never two rows.'",
      "comment on column events."app_ping"."occurred_at" is 'When it happened, by the clock of the app.'",
      "comment on column events."app_ping"."received_at" is 'When the pipeline received it.'",
      "comment on column events."app_ping"."source" is 'Which app and version sent it.'",
      "comment on column events."app_ping"."subject" is 'Whom or what the event is about, where the app said so.'",
      "comment on column events."app_ping"."schema_id" is 'Schema of the registry that the event was written with.'",
      "comment on column events."app_ping"."time_corrected" is 'When it happened by the pipeline''s clock, where the app said when it sent the event; coalesce(time_corrected, occurred_at) is the best known time.'",
      "comment on column events."app_ping"."time_error_ms" is 'By how many milliseconds time_corrected may be wrong.'",
      "comment on column events."app_ping"."time_flag" is 'future or past: occurred_at lay ahead of the pipeline''s clock, or far back, when the event was received.'",
      "comment on column events."app_ping"."user" is 'It''s them.'",
      "comment on column events."app_ping"."data_event_id" is 'A name that the envelope has taken.'",
    ]
  `);
});

test("a type with an enriched topic is read from there, with the enrichment's columns", () => {
  const table = stored(fields, [{ name: "city", type: ["null", "string"], doc: "City." }]);
  expect(table.topic).toBe("pings-enriched");
  expect(table.columns.map((column) => `${column.name} ${column.type}`)).toEqual([
    "user text",
    "data_event_id bigint",
    "city text",
  ]);
});

test("a table that is there gains columns, comments and wider types, and loses nothing", () => {
  const present = new Map(
    createTableSqlColumns().map((name) => [
      name,
      { type: name === "data_event_id" ? "integer" : "text", comment: "old" },
    ]),
  );
  present.set("gone", { type: "text", comment: "A field of an older schema." });
  const wanted = stored([...fields, { name: "speed", type: "double", doc: "m/s" }]).definition;
  expect(alterTableSql({ ...wanted, columns: wanted.columns.slice(envelopeColumns.length) }, present)).toEqual([
    `comment on column events."app_ping"."user" is 'It''s them.'`,
    `alter table events."app_ping" alter column "data_event_id" type bigint`,
    `comment on column events."app_ping"."data_event_id" is 'A name that the envelope has taken.'`,
    `alter table events."app_ping" add column "speed" double precision`,
    `comment on column events."app_ping"."speed" is 'm/s'`,
  ]);
});

function createTableSqlColumns(): string[] {
  return ["user", "data_event_id"];
}

test("names and texts cannot break out of their quotes", () => {
  expect(quoteName('a"; drop table x --')).toBe('"a""; drop table x --"');
  expect(quoteText("it's \\' here")).toBe("E'it''s \\\\'' here'");
});

test("the statements of the sink name every column", () => {
  expect(eventTableOf(stored(fields))).toMatchObject({
    copySql: expect.stringContaining(
      'copy events."app_ping" ("event_id", "occurred_at", "received_at", "source", "subject"',
    ),
    stage: { insertSql: expect.stringMatching(/on conflict do nothing$/) },
  });
});
