import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PipelineError } from "../../runtime/index.ts";
import { sqlStateOf, verdictOf } from "../../store/index.ts";
import { storeErrorOf } from "../../store/store-error.ts";

const serverError = (code: string) => Object.assign(new Error("refused"), { code, severity: "ERROR" });

test.each([
  ["08006", "retry"],
  ["40001", "retry"],
  ["40P01", "retry"],
  ["53300", "retry"],
  ["55P03", "retry"],
  ["57014", "retry"],
  ["57P01", "retry"],
  ["22021", "reject"],
  ["22P02", "reject"],
  ["23505", "reject"],
  ["23514", "reject"],
  ["54000", "reject"],
  ["42P01", "stop"],
  ["42501", "stop"],
  ["28P01", "stop"],
  ["57P04", "stop"],
  ["XX001", "stop"],
] as const)("SQLSTATE %s means %s", (state, verdict) => {
  expect(verdictOf(state)).toBe(verdict);
});

test("a SQLSTATE is found behind causes, and a code of Node is none", () => {
  expect(sqlStateOf(new PipelineError("store_rejected", { cause: serverError("23505") }))).toBe("23505");
  expect(sqlStateOf(Object.assign(new Error("reset"), { code: "EPIPE" }))).toBeUndefined();
});

test("driver errors get the code that says what to do", () => {
  expect(storeErrorOf(serverError("40001"))).toMatchObject({ code: "store_unavailable", retryable: true });
  expect(storeErrorOf(serverError("22003"))).toMatchObject({ code: "store_rejected", fields: { sqlState: "22003" } });
  expect(storeErrorOf(serverError("42P01")).code).toBe("store_failed");
  expect(storeErrorOf(Object.assign(new Error("x"), { code: "ECONNREFUSED" })).code).toBe("store_unavailable");
  expect(storeErrorOf(new Error("Connection terminated unexpectedly")).code).toBe("store_unavailable");
  expect(storeErrorOf(new TypeError("a bug")).code).toBe("store_failed");
});

test("the table in docs/bad-records.md says the same", () => {
  const page = readFileSync(new URL("../../docs/bad-records.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| ([0-9A-Z, ]+) \| .* \| (retry|dead letter|stop) \|$/gm)];
  const told = new Map(
    rows.flatMap(([, states = "", done = ""]) => states.split(", ").map((state) => [state, done] as const)),
  );
  expect(told.size).toBeGreaterThan(15);
  const words = { retry: "retry", reject: "dead letter", stop: "stop" } as const;
  for (const [state, done] of told) expect(words[verdictOf(state.padEnd(5, "0"))], state).toBe(done);
  // No class is retried or dead-lettered without being told.
  for (let n = 0; n < 36 ** 2; n++) {
    const state = n.toString(36).toUpperCase().padStart(2, "0");
    if (verdictOf(`${state}000`) !== "stop") expect(told.has(state), state).toBe(true);
  }
});
