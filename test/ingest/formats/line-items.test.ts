import { expect, test } from "vitest";
import { lineItems } from "../../../ingest/formats/line-items.ts";
import { createLineSplitter } from "../../../ingest/formats/split-lines.ts";

function read(text: string | Buffer) {
  const splitter = createLineSplitter(30);
  return lineItems([...splitter.push(Buffer.from(text as string)), ...splitter.end()], 30);
}

test("each line is an event, with the bytes it was sent as", () => {
  const items = read('{"a": 1}\r\n\n7\n');
  expect(items).toMatchObject({ values: [{ a: 1 }, 7], escapes: false });
  expect(items.problems).toBeUndefined();
  expect(items.bytesOf(0).toString()).toBe('{"a": 1}\r');
  expect(items.bytesOf(1).toString()).toBe("7");
});

test("a line that cannot be read is a problem of its own", () => {
  const bad = Buffer.concat([Buffer.from(`{\n${"x".repeat(31)}\n"`), Buffer.from([0xff]), Buffer.from('"\n{"b":2}')]);
  const items = read(bad);
  expect(items.values).toEqual([undefined, undefined, undefined, { b: 2 }]);
  expect([...(items.problems ?? [])].map(([index, { code }]) => [index, code])).toEqual([
    [0, "event_json_invalid"],
    [1, "event_too_large"],
    [2, "event_utf8_invalid"],
  ]);
});

test("escapes are noticed in any line", () => {
  expect(read('1\n"\\u0041"\n2').escapes).toBe(true);
});
