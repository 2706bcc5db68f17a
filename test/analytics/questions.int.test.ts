import { afterAll, beforeAll, expect, test } from "vitest";
import { seedEvents } from "../../bench/analyst-data.ts";
import { readQuestions } from "../../bench/questions.ts";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { loadCatalogue } from "../../schemas/index.ts";
import { prepareDatabase } from "../../sinks/index.ts";
import { createDatabase, type Database } from "../../store/index.ts";
import { asAnalyst, createTestDatabase, type TestDatabase } from "../sinks/pipeline.ts";
import { untilDayHas } from "../support/wait.ts";
import { answersOf, readEvents } from "./oracle.ts";

const questions = readQuestions();
let db: TestDatabase;
let analyst: Database;
let expected: ReturnType<typeof answersOf>;

beforeAll(async () => {
  await untilDayHas(120_000);
  db = await createTestDatabase("questions");
  await prepareDatabase(db.ownerUrl, loadCatalogue(), silentLogger);
  await seedEvents(db.owner, 20_000);
  expected = answersOf(await readEvents(db.owner));
  analyst = createDatabase({
    name: "analyst",
    url: asAnalyst(db.ownerUrl),
    log: silentLogger,
    metrics: createMetrics(),
  });
  await analyst.start(() => undefined);
});
afterAll(async () => {
  await analyst.stop();
  await db.drop();
});

/** Numbers to six places, whatever type the server gave them; a date as text. */
function comparable(value: unknown): unknown {
  if (value instanceof Date)
    return [value.getFullYear(), value.getMonth() + 1, value.getDate()].map((n) => `${n}`.padStart(2, "0")).join("-");
  const number = typeof value === "bigint" || typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number.toFixed(6) : value;
}
const comparableRows = (rows: readonly (readonly unknown[])[]) =>
  rows.map((row) => row.map(comparable).join(" | ")).sort();

test("there are ten, of at most ten lines each", () => {
  expect(questions).toHaveLength(10);
  expect(questions.filter(({ sql }) => sql.split("\n").length > 10)).toEqual([]);
});

test.each(questions.map(({ title, sql }, i) => [title, sql, i] as const))("%s", async (_title, sql, i) => {
  const unlimited = sql.replace(/ limit \d+;$/, ";");
  const rows = await analyst.query<Record<string, unknown>>(unlimited);
  expect(rows.length).toBeGreaterThan(1);
  expect(comparableRows(rows.map((row) => Object.values(row)))).toEqual(comparableRows(expected[i] ?? []));
  // As it stands in the page.
  const limit = Number(/ limit (\d+);$/.exec(sql)?.[1] ?? Number.POSITIVE_INFINITY);
  expect(await analyst.query(sql)).toEqual(rows.slice(0, limit));
});
