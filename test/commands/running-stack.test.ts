import { expect, test } from "vitest";
import { doorOf } from "../../commands/running-stack.ts";

const stack = {
  ready: true,
  ingest: "http://127.0.0.1:8080",
  registry: "http://127.0.0.1:8081",
  kafka: "127.0.0.1:9092",
  postgres: "postgres://hailstream@127.0.0.1:5433/hailstream",
  analyst: "postgres://analyst@127.0.0.1:5433/hailstream",
  apiKey: "stack-key",
} as const;

test("without options, the running stack's", () => {
  expect(doorOf({}, stack)).toEqual({ url: stack.ingest, apiKey: "stack-key" });
});

test("the stack's key goes to the stack, whatever its spelling, and to nobody else", () => {
  expect(doorOf({ url: "http://localhost:8080/" }, stack).apiKey).toBe("stack-key");
  expect(() => doorOf({ url: "http://127.0.0.1:8888" }, stack)).toThrow("--api-key is needed");
  expect(() => doorOf({ url: "https://127.0.0.1:8080" }, stack)).toThrow("--api-key is needed");
});

test("what is given wins, and nothing to go by is told with what to do", () => {
  const given = { url: "http://other:1", apiKey: "mine" };
  expect(doorOf(given, stack)).toEqual(given);
  expect(doorOf({ apiKey: "mine" }, stack)).toEqual({ url: stack.ingest, apiKey: "mine" });
  expect(() => doorOf({}, undefined)).toThrow("hailstream up");
});
