import { expect, test } from "vitest";
import type { Group } from "../../../ingest/micro/kept.ts";
import { readQuery } from "../../../ingest/micro/query.ts";
import { PipelineError } from "../../../runtime/index.ts";
import { loadCatalogue } from "../../../schemas/index.ts";

const catalogue = loadCatalogue();

test("without a query everything is shown at once", () => {
  expect(readQuery({}, "all", catalogue)).toEqual({ filter: {}, count: 1, waitMs: 0, limit: 1_000 });
});

test("filters are texts, the others are numbers", () => {
  const query = { id: "1", type: "trip.rated", after: "7", count: "2", wait_ms: "500", limit: "3" };
  const read = { filter: { id: "1", type: "trip.rated", after: 7 }, count: 2, waitMs: 500, limit: 3 };
  expect(readQuery(query, "good", catalogue)).toEqual(read);
});

function refusalOf(query: unknown, group: Group): Readonly<Record<string, unknown>> {
  try {
    readQuery(query, group, catalogue);
  } catch (error) {
    if (error instanceof PipelineError && error.code === "micro_query_invalid") return error.fields;
    throw error;
  }
  throw new Error("it was read");
}

test.each([
  ["a filter that there is not", { typ: "trip.rated" }, { filter: "typ", did_you_mean: "type" }],
  ["a status that there is not", { status: "good" }, { filter: "status" }],
  ["a wait that no connection lives through", { wait_ms: "20001" }, { filter: "wait_ms" }],
  ["no number", { limit: "all" }, { filter: "limit" }],
  ["a filter twice", { id: ["a", "b"] }, { filter: "id" }],
  ["an unknown type", { type: "trip.rate" }, { filter: "type", did_you_mean: "trip.rated" }],
])("%s is refused with its name", (_what, query, fields) => {
  expect(refusalOf(query, "good")).toMatchObject(fields);
});

test("bad events may be of a type that there is not", () => {
  expect(readQuery({ type: "trip.rate" }, "bad", catalogue).filter).toEqual({ type: "trip.rate" });
});
