import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { AppEventType } from "../../apps/event.ts";
import { countRows, createAcceptedLog } from "../../commands/replay-rows.ts";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { createDatabase, type Database } from "../../store/index.ts";

const name = `replay_rows_${process.pid}`;
let owner: Database;
let database: Database;

const open = async (url: string) => {
  const opened = createDatabase({ name: "test", url, log: silentLogger, metrics: createMetrics() });
  await opened.start(() => undefined);
  return opened;
};

beforeAll(async () => {
  owner = await open(inject("postgres"));
  await owner.query(`create database ${name}`);
  database = await open(Object.assign(new URL(inject("postgres")), { pathname: `/${name}` }).href);
  await database.query("create schema events");
  for (const table of ["driver_status", "trip_rated"]) {
    await database.query(`create table events.${table} (event_id text, occurred_at timestamptz)`);
  }
});

afterAll(async () => {
  await database?.stop();
  await owner?.query(`drop database if exists ${name}`);
  await owner?.stop();
});

type Accepted = Parameters<ReturnType<typeof createAcceptedLog>["add"]>[0];

const someEvent = (type: AppEventType, timeMs: number): Accepted => ({ id: randomUUID(), type, timeMs });

const store = ({ id, type, timeMs }: Accepted) =>
  database.query(`insert into events.${type.replace(".", "_")} values ($1, $2)`, [id, new Date(timeMs).toISOString()]);

const count = (log: ReturnType<typeof createAcceptedLog>, waitMs: number, pause: () => Promise<void>) =>
  countRows({ log, database, waitMs, signal: new AbortController().signal, pause, onProgress: () => undefined });

test("waits for the rows that are on their way, and counts those of accepted events only", async () => {
  const log = createAcceptedLog();
  const events = Array.from({ length: 50 }, (_, i) =>
    someEvent(i % 2 === 0 ? "driver.status" : "trip.rated", i * 3_600_000),
  );
  for (const event of events) log.add(event);
  await store(someEvent("driver.status", 0));
  const late = events.splice(40);
  for (const event of events) await store(event);
  const found = await count(log, 60_000, async () => {
    const next = late.shift();
    if (next !== undefined) await store(next);
  });
  expect(found).toEqual({ rows: 50, complete: true });
});

test("a lost event and a doubled row both show", async () => {
  const lost = createAcceptedLog();
  lost.add(someEvent("driver.status", 5));
  expect(await count(lost, 0, async () => undefined)).toEqual({ rows: 0, complete: false });

  const doubled = createAcceptedLog();
  const event = someEvent("driver.status", 6);
  doubled.add(event);
  await store(event);
  await store(event);
  expect(await count(doubled, 0, async () => undefined)).toEqual({ rows: 2, complete: false });
});

test("a table that is not there is told", async () => {
  const log = createAcceptedLog();
  log.add(someEvent("app.error", 5));
  const found = await count(log, 0, async () => undefined);
  expect(found).toMatchObject({ rows: 0, complete: false, trouble: expect.stringContaining("app_error") });
});
