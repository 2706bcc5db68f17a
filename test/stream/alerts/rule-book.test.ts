import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../../schemas/index.ts";
import { createShelf } from "../../../stream/alerts/live-rules.ts";
import { readRule } from "../../../stream/alerts/load-rules.ts";
import { changedNames, openBook, type Shelf } from "../../../stream/alerts/rule-book.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { nowhere } from "./alert-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
let shelf: Shelf;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
  const file = readRule("alerts/in-file.yaml", rule("in-file", "by: {city: data.trip_id}"), schemas.catalogue, nowhere);
  shelf = createShelf([file], schemas.catalogue, nowhere);
});
afterAll(() => offline.stop());

const rule = (name: string, ...lines: readonly string[]) =>
  [`name: ${name}`, "description: d", "on: payment.failed", "severity: info", "summary: s", ...lines].join("\n");
const stored = (name: string, ...lines: readonly string[]) => ({
  ...{ name, text: rule(name, ...lines), madeMs: 1_000, madeBy: "a", changedMs: 2_000, changedBy: "b" },
});
const bookOf = (...rules: readonly ReturnType<typeof stored>[]) => openBook(shelf, { change: 7, rules });
const problemsOf = (book: ReturnType<typeof openBook>) =>
  Object.fromEntries(book.entries.flatMap(({ name, problem }) => (problem ? [[name, problem.message]] : [])));

test("rules of files and of the API are judged together; those that were put hear what arrives from then on", () => {
  const { rules, entries } = bookOf(
    stored("put", "by: {city: data.trip_id}", "inhibited_by: [{rule: in-file, equal: [city]}]"),
  );
  expect(entries.map(({ name, file }) => [name, file])).toEqual([
    ["in-file", "alerts/in-file.yaml"],
    ["put", undefined],
  ]);
  expect(rules.change).toBe(7);
  expect([...rules.byName.values()].map(({ sinceMs }) => sinceMs)).toEqual([undefined, 1_000]);
});

test("what cannot be used is left out with its reason, and so is what depends on it; the others stay", () => {
  const book = bookOf(
    stored("stale", "when: data.gone > 1"),
    stored("dependent", "inhibited_by: [{rule: stale}]"),
    stored("in-file"),
    stored("sound"),
  );
  expect([...book.rules.byName.keys()]).toEqual(["in-file", "sound"]);
  expect(book.rules.byName.get("in-file")?.spec.by).toEqual({ city: "data.trip_id" });
  expect(problemsOf(book)).toEqual({
    stale: expect.stringMatching(/^stale:6: when: .*gone/),
    dependent: expect.stringMatching(/^dependent:6: inhibited_by.0.rule: expected the name of a rule, got stale/),
    "in-file": expect.stringContaining("alerts/in-file.yaml"),
  });
});

test("of rules that do not go together the later one is left out", () => {
  const by = "by: {city: data.trip_id, amount: string(data.amount)}";
  const book = bookOf(
    stored("one", by, "inhibited_by: [{rule: two, equal: [city]}]"),
    stored("two", by),
    stored("three", by, "inhibited_by: [{rule: two, equal: [amount]}]"),
  );
  expect(Object.keys(problemsOf(book))).toEqual(["three"]);
});

test("which rules have changed: other words, gone, or judged together with others; not what is new", () => {
  const before = bookOf(stored("same"), stored("edited"), stored("gone"), stored("tied"));
  const after = bookOf(
    stored("same"),
    stored("edited", "for: 1m"),
    stored("tied"),
    stored("new", "inhibited_by: [{rule: tied}]"),
  );
  expect(changedNames(before.rules, after.rules)).toEqual(["edited", "gone", "tied"]);
});
