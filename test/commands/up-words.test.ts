import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createUpLogger, describeLine, listOf } from "../../commands/up-words.ts";

test("a person at a terminal reads words, and the summary's line is cleared before them", () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const log = createUpLogger("info", { env: {}, stdout: new PassThrough(), stderr });
  log.error({ err: new Error("no room"), part: "Kafka" }, "Kafka did not start again");
  log.debug("not for people");
  const written = String(stderr.read());
  expect(written.startsWith("\r\u001b[K")).toBe(true);
  expect(written.slice(4)).toMatch(/^\d\d:\d\d:\d\d {2}error: Kafka did not start again: no room\n$/);
});

test("a line says when, how bad, what and why, and nothing twice", () => {
  const at = new Date(2026, 0, 1, 9, 5, 7);
  expect(describeLine({ level: 40, msg: "Kafka ended unasked (signal SIGKILL)" }, at)).toBe(
    "09:05:07  warning: Kafka ended unasked (signal SIGKILL)",
  );
  expect(describeLine({ level: 60, msg: "up failed: no room", err: { message: "no room" } }, at)).toBe(
    "09:05:07  error: up failed: no room",
  );
});

test.each([
  [[], ""],
  [["Kafka"], "Kafka"],
  [["Kafka", "Postgres", "the schema registry"], "Kafka, Postgres and the schema registry"],
])("%j is listed as %s", (names, words) => {
  expect(listOf(names)).toBe(words);
});
