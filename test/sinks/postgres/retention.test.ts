import { expect, test } from "vitest";
import { readOptions } from "../../../runtime/index.ts";
import { loadCatalogue } from "../../../schemas/index.ts";
import { storedTables } from "../../../sinks/index.ts";
import { retentionOf } from "../../../sinks/postgres/retention.ts";
import { storeOptions } from "../../../store/index.ts";

const tables = storedTables(loadCatalogue().types.values());
const keep = (text: string) =>
  retentionOf(tables, readOptions(storeOptions, { flags: { "postgres-keep-days": text } }).keepDays);

test("nothing is dropped unless it is said", () => {
  expect(retentionOf(tables, readOptions(storeOptions, {}).keepDays).size).toBe(0);
});

test("a type by its name, the others by *", () => {
  expect(keep("driver.location=90, app.error=30")).toEqual(
    new Map([
      ["app_error", 30],
      ["driver_location", 90],
    ]),
  );
  const all = keep("*=730,driver.location=90");
  expect(all.size).toBe(tables.length);
  expect([all.get("driver_location"), all.get("trip")]).toEqual([90, 730]);
});

test("what is wrong is said before anything is done", () => {
  expect(() => keep("driver.locations=90")).toThrow(
    /driver\.locations, which there is not; did you mean driver\.location/,
  );
  for (const text of ["driver.location", "driver.location=0", "driver.location=-1", "driver.location=9d", "=9"]) {
    expect(() => keep(text), text).toThrow(/expected TYPE=DAYS/);
  }
});
