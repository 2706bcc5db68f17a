import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectTypeOf, test } from "vitest";
import {
  type EventData,
  eventsPage,
  loadCatalogue,
  type Stored,
  schemaFolder,
  typesModule,
} from "../../schemas/index.ts";

const catalogue = loadCatalogue();

test("schemas/types.ts is what the schemas say", () => {
  expect(readFileSync(join(schemaFolder, "types.ts"), "utf8")).toBe(typesModule(catalogue));
});

test("docs/events.md is what the schemas say", () => {
  expect(readFileSync(join(schemaFolder, "..", "docs", "events.md"), "utf8")).toBe(eventsPage(catalogue));
});

test("the types say what may be left out", () => {
  expectTypeOf<EventData["driver.location"]["speed"]>().toEqualTypeOf<number | null | undefined>();
  expectTypeOf<Stored<EventData["driver.location"]>["speed"]>().toEqualTypeOf<number | null>();
  expectTypeOf<EventData["driver.status"]["status"]>().toEqualTypeOf<"offline" | "open" | "dispatched" | "on_trip">();
});
