import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import { ensureEventTables } from "../../../sinks/postgres/ensure-tables.ts";
import { storedTables } from "../../../sinks/postgres/event-types.ts";
import { createTestDatabase, type TestDatabase } from "../pipeline.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("latest_view");
});
afterAll(() => db.drop());

const field = (name: string, type: unknown) => ({ name, type, doc: `The ${name}.` });
async function ensure(...more: unknown[]): Promise<void> {
  const fields = [field("revision", "int"), field("fare", "int"), ...more];
  const schema = { type: "record", name: "Ride", fields };
  const tables = storedTables([{ name: "ride", doc: "A ride.", topic: "rides", keyField: "fare", schema }]);
  await ensureEventTables(
    db.ownerUrl,
    tables.map(({ definition }) => definition),
    silentLogger,
  );
}

async function tell(subject: string, revision: number, fare: number, day = "2026-01-05"): Promise<void> {
  await db.sink.execute(
    `insert into events.ride (event_id, occurred_at, received_at, subject, schema_id, revision, fare)
     values ($1, $2, now(), $3, 1, $4, $5)`,
    [`${subject}-${revision}`, `${day}T12:00:00Z`, subject, revision, fare],
  );
}

const newest = () =>
  db.owner.query<{ subject: string; fare: unknown }>("select subject, fare from events.ride_latest order by 1");

test("the view shows of each subject the newest revision, whatever day it lies in, and stays with its table", async () => {
  await ensure();
  await tell("a", 1, 100);
  await tell("a", 2, 200, "2026-01-07");
  await tell("a", 1_001, 300, "2026-01-06");
  await tell("b", 1, 50);
  expect(await newest()).toEqual([
    { subject: "a", fare: 300 },
    { subject: "b", fare: 50 },
  ]);
  const before = "select subject from events.ride_latest where occurred_at < '2026-01-06'";
  expect(await db.owner.query(before)).toEqual([{ subject: "b" }]);

  // A new column, and one that becomes wider: a view stands in the way of both.
  await ensure(field("tip", "int"));
  await tell("b", 2, 60);
  expect((await newest())[1]).toEqual({ subject: "b", fare: 60 });
  await db.owner.query("select tip from events.ride_latest");
  const wider = [field("revision", "int"), field("fare", "long"), field("tip", "int")];
  const schema = { type: "record", name: "Ride", fields: wider };
  const tables = storedTables([{ name: "ride", doc: "A ride.", topic: "rides", keyField: "fare", schema }]);
  await ensureEventTables(
    db.ownerUrl,
    tables.map(({ definition }) => definition),
    silentLogger,
  );
  expect((await newest())[1]).toEqual({ subject: "b", fare: 60n });
});
