import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, test } from "vitest";
import type { ListFormat } from "../../console/lists/file-text.ts";
import { sendList } from "../../console/lists/send-list.ts";
import { hexOf } from "../../console/page/parts/hex.ts";
import { rangeOf } from "../../console/page/parts/range.ts";

async function fileOf(format: ListFormat, rows: readonly Record<string, unknown>[]) {
  const app = express();
  app.get("/", (_request, response) => sendList(response, { name: "list", format }, rows, ["a", "b"]));
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
  expect(name).toBe("attachment; filename=hailstream-list.csv");
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

test("bytes are shown with their place and their letters, the first of many", () => {
  const { text } = hexOf(Buffer.from("hail\0\u00e9stream, and more").toString("base64"));
  expect(text.split("\n")).toEqual([
    "0000  68 61 69 6c 00 c3 a9 73 74 72 65 61 6d 2c 20 61  hail···stream, a",
    "0010  6e 64 20 6d 6f 72 65                             nd more",
  ]);
  expect(hexOf("")).toEqual({ text: "", left: 0 });
  expect(hexOf(Buffer.alloc(5_000).toString("base64")).left).toBe(904);
});
