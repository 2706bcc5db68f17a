import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, test } from "vitest";
import { rangeOf } from "../../console/page/parts/range.ts";
import { type ListFormat, sendList } from "../../console/server/send-list.ts";

async function fileOf(format: ListFormat, rows: readonly Record<string, unknown>[]) {
  const app = express();
  app.get("/", (_request, response) => sendList(response, { name: "list", format }, ["a", "b"], rows));
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return {
      type: answer.headers.get("content-type"),
      name: answer.headers.get("content-disposition"),
      text: await answer.text(),
    };
  } finally {
    server.close();
  }
}

test("a list as CSV keeps commas, quotes and lines, and is no formula to a spreadsheet", async () => {
  const { type, name, text } = await fileOf("csv", [
    { a: 'say "hi", you', b: null },
    { a: "=1+1", b: -1 },
    { a: { x: 1 }, b: "two\nlines" },
  ]);
  expect(type).toContain("text/csv");
  expect(name).toBe("attachment; filename=list.csv");
  expect(text).toBe(`a,b\r\n"say ""hi"", you",\r\n'=1+1,-1\r\n"{""x"":1}","two\nlines"\r\n`);
});

test("a list as JSON lines has one object a line", async () => {
  const { text } = await fileOf("jsonl", [{ a: 1, b: "\n" }, { a: 2 }]);
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([{ a: 1, b: "\n" }, { a: 2 }]);
});

const now = Date.UTC(2026, 10, 27, 12, 0, 30);
const range = (search: string) =>
  rangeOf({ get: (name) => new URLSearchParams(search).get(name) ?? undefined }, "1h", now);

test("a span that ends now is the same question at any time; one of two moments is whole minutes", () => {
  expect(range("")).toMatchObject({ asked: { last: "3600000" }, isOpen: true });
  expect(range("last=15m").asked).toEqual({ last: "900000" });
  expect(range("last=nonsense").asked).toEqual({ last: "3600000" });
  expect(range("from=2026-11-27T10:00:30Z&to=2026-11-27T11:00:30%2B00:00")).toMatchObject({
    asked: { from: "2026-11-27T10:00:00.000Z", to: "2026-11-27T11:01:00.000Z" },
    isOpen: false,
  });
});
