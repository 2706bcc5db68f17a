import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";
import { loadCatalogue } from "../../../schemas/index.ts";
import { prepareDatabase } from "../../../sinks/index.ts";
import { createStorageKeeper } from "../../../sinks/postgres/storage-keeper.ts";
import { sqlStates } from "../../../store/index.ts";
import { untilDayHas } from "../../support/wait.ts";
import { createTestDatabase, type TestDatabase } from "../pipeline.ts";

let db: TestDatabase;
const prepare = (keepDays: Readonly<Record<string, number>>) =>
  prepareDatabase(db.ownerUrl, loadCatalogue(), silentLogger, new Map(Object.entries(keepDays)));
const keeper = () =>
  createStorageKeeper({
    db: db.sink,
    tables: ["app_error", "driver_position", "payment_failed", "rider_session"],
    log: silentLogger,
    metrics: createMetrics(),
  });

beforeAll(async () => {
  await untilDayHas(120_000);
  db = await createTestDatabase("storage");
  await prepare({ "app.error": 5, "driver.position": 5 });
  for (const table of ["app_error", "payment_failed"]) {
    for (const daysAgo of [0, 4, 6, 7]) await store(table, daysAgo);
    // Before all partitions.
    await store(table, 8_000);
  }
  await store("rider_session", 900);
  for (const daysAgo of [0, 6]) {
    await db.sink.execute(
      `insert into events.driver_position (event_id, occurred_at, received_at, schema_id, driver_id) values ($1, ${timeOf(daysAgo)}, now(), 1, $1)`,
      [`drv_${daysAgo}`],
    );
  }
});
afterAll(() => db.drop());

const timeOf = (daysAgo: number) =>
  `(date_trunc('day', now(), 'UTC') - interval '${daysAgo} days' + interval '1 minute')`;

/** As the sink does it: first the partition, then the row. */
async function store(table: string, daysAgo: number): Promise<void> {
  await db.sink.query(
    `select pipeline.ensure_day_partition('${table}', (${timeOf(daysAgo)} at time zone 'UTC')::date)`,
  );
  await db.sink.execute(
    `insert into events.${table} (event_id, occurred_at, received_at, schema_id) values ('e${daysAgo}', ${timeOf(daysAgo)}, now(), 1)`,
  );
}

/** The days that have a partition, as days before today. */
async function daysOf(table: string): Promise<number[]> {
  const rows = await db.owner.query<{ ago: number }>(
    `select (now() at time zone 'UTC')::date - to_date(right(c.relname, 8), 'YYYYMMDD') as ago
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'events_days' and c.relkind = 'r' and c.relname ~ ('^' || $1 || '_\\d{8}$') order by 1`,
    [table],
  );
  return rows.map(({ ago }) => ago);
}
const eventsOf = async (table: string) =>
  (await db.owner.query<{ id: string }>(`select event_id as id from events.${table} order by occurred_at desc`)).map(
    ({ id }) => id,
  );

test("days come ahead where events come, and go when they are older than is kept", async () => {
  await keeper().keep();
  expect(await daysOf("app_error")).toEqual([-2, -1, 0, 4]);
  expect(await eventsOf("app_error")).toEqual(["e0", "e4"]);
  expect(await eventsOf("driver_position")).toEqual(["drv_0"]);
  // Not named, so nothing goes.
  expect(await daysOf("payment_failed")).toEqual([-2, -1, 0, 4, 6, 7]);
  expect(await eventsOf("payment_failed")).toEqual(["e0", "e4", "e6", "e7", "e8000"]);
  // Nothing but an old replay, so no empty days.
  expect(await daysOf("rider_session")).toEqual([900]);
});

test("an event of a day that was dropped comes, and goes again", async () => {
  await db.sink.execute(
    `insert into events.app_error (event_id, occurred_at, received_at, schema_id) values ('late', ${timeOf(6)}, now(), 1)`,
  );
  expect(await eventsOf("app_error")).toEqual(["e0", "e4", "late"]);
  await keeper().keep();
  expect(await eventsOf("app_error")).toEqual(["e0", "e4"]);
});

test("a long query holds up its own table only, and the next round does what was left", async () => {
  await store("app_error", 9);
  await prepare({ "*": 5, "app.error": 8 });
  const reader = new pg.Client({ connectionString: db.ownerUrl });
  await reader.connect();
  try {
    await reader.query("begin; select count(*) from events.app_error");
    await keeper().keep();
    expect(await daysOf("app_error")).toEqual([-2, -1, 0, 4, 9]);
    expect(await daysOf("payment_failed")).toEqual([-2, -1, 0, 4]);
    await reader.query("commit");
  } finally {
    await reader.end();
  }
  await keeper().keep();
  expect(await daysOf("app_error")).toEqual([-2, -1, 0, 4]);
  // A declaration that is gone is gone.
  await prepare({});
  expect(await db.owner.query("select from pipeline.retention")).toEqual([]);
});

test("each day has an index for its hours and is frozen by its first vacuum; how long is kept is the owner's to say", async () => {
  const days = await db.owner.query<{ name: string; am: string; options: string[] }>(
    `select c.relname as name, string_agg(m.amname, ' ' order by m.amname) as am, c.reloptions as options from pg_class c
     join pg_namespace n on n.oid = c.relnamespace join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
     where n.nspname = 'events_days' and c.relname ~ '^app_error_\\d' group by 1, 3`,
  );
  expect(days.length).toBeGreaterThan(0);
  for (const { am, options, name } of days)
    expect([am, options], name).toEqual(["brin btree", ["autovacuum_freeze_min_age=0"]]);
  const refused = { code: "store_failed", fields: { sqlState: sqlStates.insufficientPrivilege } };
  await expect(db.sink.execute("insert into pipeline.retention values ('trip', 1)")).rejects.toMatchObject(refused);
  await expect(db.sink.execute("drop table events.app_error")).rejects.toMatchObject(refused);
});

test("the planner knows a table as a whole, and is told again when it has grown", async () => {
  await db.owner.execute("analyze events.payment_failed");
  await keeper().keep();
  const told = () =>
    db.owner.query<{ rows: bigint }>("select rows from pipeline.analyzed where event_table = 'payment_failed'");
  expect(await told()).toEqual([{ rows: 2n }]);
  await db.sink.execute(
    `insert into events.payment_failed (event_id, occurred_at, received_at, schema_id, method)
     select 'm' || i, ${timeOf(0)}, now(), 1, 'card' from generate_series(1, 500) i`,
  );
  await db.owner.execute(`analyze events.payment_failed`);
  await keeper().keep();
  expect(await told()).toEqual([{ rows: 502n }]);
  const known =
    "select from pg_stats where schemaname = 'events' and tablename = 'payment_failed' and attname = 'method' and inherited";
  expect(await db.owner.query(known)).toHaveLength(1);
});
