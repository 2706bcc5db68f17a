import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seedEvents } from "../../../bench/analyst-data.ts";
import { silentLogger } from "../../../runtime/index.ts";
import { loadCatalogue } from "../../../schemas/index.ts";
import { ensureEventTables, prepareDatabase, storedTables } from "../../../sinks/index.ts";
import { sqlStateOf, sqlStates } from "../../../store/index.ts";
import { asAnalyst, createTestDatabase, type TestDatabase } from "../pipeline.ts";

const tables = storedTables(loadCatalogue().types.values()).map(({ definition }) => definition);
let db: TestDatabase;
let analyst: pg.Client;

beforeAll(async () => {
  db = await createTestDatabase("analytics");
  await prepareDatabase(db.ownerUrl, loadCatalogue(), silentLogger);
  await seedEvents(db.owner, 300);
  analyst = new pg.Client({ connectionString: asAnalyst(db.ownerUrl) });
  await analyst.connect();
});
afterAll(async () => {
  await analyst.end();
  await db.drop();
});

const stateOf = (sql: string) => analyst.query(sql).then(() => "done", sqlStateOf);
const viewNames = async () =>
  (
    await analyst.query<{ name: string }>(
      "select viewname as name from pg_views where schemaname = 'analytics' order by 1",
    )
  ).rows.map(({ name }) => name);

test("every table and column that an analyst meets has a comment", async () => {
  const silent = await analyst.query(`
    select c.oid::regclass::text as relation, a.attname from pg_class c
    join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0
    where n.nspname in ('analytics', 'events') and c.relkind in ('v', 'r', 'p') and c.relname not like '%\\_latest'
      and (obj_description(c.oid) is null or (a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null))`);
  expect(silent.rows).toEqual([]);
  expect(await viewNames()).toHaveLength(tables.filter(({ analytics }) => analytics !== undefined).length);
});

test("no personal data is in what the views tell, though it is in the tables", async () => {
  // A latitude, and not the seconds of a time.
  const personal =
    /drv_|rdr_|veh_|trp_|ses_|pay_|sos_|Driver \d|PLATE|it failed|pressed it|(?<![\d:])40\.7(?!\d)|882a100d6/;
  expect(
    JSON.stringify(
      await db.owner.query("select d.name, l.latitude from events.driver_profile d, events.driver_location l limit 1"),
    ),
  ).toMatch(personal);
  for (const name of await viewNames()) {
    const { rows } = await analyst.query<{ told: string }>(`select told::text from analytics.${name} as told`);
    expect(
      rows.map(({ told }) => told).filter((told) => personal.test(told)),
      name,
    ).toEqual([]);
  }
  const counted = await analyst.query("select count(*)::int from analytics.fct_trips");
  expect(counted.rows).toEqual([{ count: 300 }]);
});

test("the role reads the other columns of the event tables and none that is personal", async () => {
  for (const table of tables) {
    const open = table.columns.filter(({ pii }) => pii === undefined).map(({ name }) => `"${name}"`);
    expect(await stateOf(`select ${open.join(", ")} from events.${table.name} limit 1`), table.name).toBe("done");
    for (const { name } of table.columns.filter(({ pii }) => pii !== undefined)) {
      expect(await stateOf(`select "${name}" from events.${table.name} limit 1`), `${table.name}.${name}`).toBe(
        sqlStates.insufficientPrivilege,
      );
      const inCondition = `select count(*) from events.${table.name} where "${name}" is not null`;
      expect(await stateOf(inCondition), `${table.name}.${name}`).toBe(sqlStates.insufficientPrivilege);
    }
  }
});

test("the role reaches neither the secret nor what lies behind the tables, writes nothing, and is cut off after 60 s", async () => {
  expect((await analyst.query("show statement_timeout")).rows).toEqual([{ statement_timeout: "1min" }]);
  await analyst.query("set default_transaction_read_only = off");
  for (const sql of [
    "select * from pipeline.pseudonyms",
    "select pipeline.pseudonym('x', 'y')",
    "select * from events.trip",
    "select * from events.trip_latest",
    "select subject from events.trip_latest",
    "select * from events_days.trip_default",
    "delete from analytics.fct_app_errors",
    "update analytics.fct_driver_locations set speed = 0",
    "create view analytics.mine as select 1",
  ]) {
    expect(await stateOf(sql), sql).toBe(sqlStates.insufficientPrivilege);
  }
  // What the planner knows of a column's values is hidden like the column.
  const told =
    "select attname from pg_stats where schemaname like 'events%' and attname in ('driver_id', 'latitude', 'subject')";
  expect((await analyst.query(told)).rows).toEqual([]);
});

test("a view follows its table: a field more, a wider one, one that has become personal", async () => {
  const field = (name: string, type: string, pii?: string) => ({
    name,
    type,
    doc: `The ${name}.`,
    ...(pii === undefined ? {} : { pii }),
  });
  const ensure = (...fields: object[]) => {
    const schema = {
      type: "record",
      name: "Ride",
      fields: [field("ride_id", "string", "identifier"), ...fields, field("revision", "int")],
    };
    const stored = storedTables([
      { name: "ride", doc: "A ride.", topic: "rides", keyField: "ride_id", analytics: "fct_rides", schema },
    ]);
    return ensureEventTables(
      db.ownerUrl,
      stored.map(({ definition }) => definition),
      silentLogger,
    );
  };
  const columns = async () =>
    (await analyst.query("select * from analytics.fct_rides")).fields.slice(8).map(({ name }) => name);
  await ensure(field("fare", "int"));
  await db.sink.execute(
    "insert into events.ride (event_id, occurred_at, received_at, schema_id, ride_id, subject, fare, revision) select 'e' || r, now(), now(), 1, 'r', 'r', r * 5, r from generate_series(1, 2) r",
  );
  expect(await columns()).toEqual(["ride_key", "fare", "revision"]);
  expect((await analyst.query("select fare from analytics.fct_rides")).rows).toEqual([{ fare: 10 }]);
  await ensure(field("tip", "int"), field("fare", "long"));
  expect(await columns()).toEqual(["ride_key", "tip", "fare", "revision"]);
  await ensure(field("colour", "string"), field("tip", "int"), field("fare", "long"));
  expect(await columns()).toEqual(["ride_key", "tip", "fare", "revision", "colour"]);
  await ensure(field("colour", "string"), field("tip", "int", "free-text"), field("fare", "long"));
  expect(await columns()).toEqual(["ride_key", "colour", "fare", "revision"]);
  expect(await stateOf("select tip from events.ride")).toBe(sqlStates.insufficientPrivilege);
  expect((await analyst.query("select fare from analytics.fct_rides")).rows).toEqual([{ fare: "10" }]);
});
