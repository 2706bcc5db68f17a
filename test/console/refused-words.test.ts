import { expect, test } from "vitest";
import { appText, groupQuery, schemaText, textOfBytes } from "../../console/page/refused/words.ts";
import { lineOf } from "../../console/refused/export.ts";
import { filterOf, filterShape } from "../../console/refused/filter.ts";
import type { Group, Whole } from "../../console/refused/shapes.ts";

const group: Group = {
  ...{ kind: "dead", code: "store_rejected", type: "trip.rated", source: "", schemaId: null, consumer: "sinks" },
  ...{ topic: "trip-events", count: 3, waiting: 2, first: 0, last: 1, example: null },
};

test("a group's address is read back as the filter of just this group", () => {
  const query = groupQuery(group, { since: "7d", state: "waiting" });
  const filter = filterOf(filterShape.parse(Object.fromEntries(new URLSearchParams(query))));
  expect(filter).toMatchObject({
    ...{ kinds: ["dead"], codes: ["store_rejected"], types: ["trip.rated"], sources: [""], schemaIds: [null] },
    ...{ consumers: ["sinks"], topics: ["trip-events"], condition: "waiting" },
  });
  expect(Date.now() - (filter.since?.getTime() ?? 0)).toBeGreaterThan(6 * 86_400_000);
  expect(filterShape.safeParse({ since: "yesterday" }).success).toBe(false);
  expect(filterShape.safeParse({ color: "red" }).success).toBe(false);
});

test("an app's name is its path without what all have", () => {
  expect(appText("/apps/driver/ios/6.1.2")).toBe("driver ios 6.1.2");
  expect(appText("")).toBe("not named");
  expect(schemaText({ type: "trip.rated", schemaId: 12 })).toBe("trip.rated, schema 12");
});

test("bytes are shown as text only when they are text", () => {
  const base64 = Buffer.from([0, 0, 0, 0, 7, 0x41, 0xff]).toString("base64");
  expect(textOfBytes(base64)).toBeUndefined();
  expect(textOfBytes(Buffer.from('{"a":"ü"}').toString("base64"))).toBe('{"a":"ü"}');
});

const whole: Whole = {
  ...{
    id: "sinks:1",
    kind: "dead",
    code: "store_rejected",
    state: "open",
    first: 0,
    last: 0,
    timesSeen: 1,
    eventId: "e",
  },
  ...{ type: "trip.rated", attempts: 0, lastAnswer: null, source: "=cmd()", schemaId: null, subject: null, facts: {} },
  fault: { code: "store_rejected", pointer: "t/0/1", expected: "a row", got: 'a "quoted", word\nand a line' },
  ...{
    faults: [],
    attemptList: [],
    data: { rating: 3 },
    unreadable: null,
    original: null,
    headers: {},
    fixed: null,
    version: null,
  },
};

test("a line of a file holds commas, quotes and lines, and nothing that a spreadsheet would run", () => {
  const csv = lineOf(whole, "csv");
  expect(csv).toContain('"a ""quoted"", word\nand a line"');
  expect(csv).toContain(",'=cmd(),");
  expect(csv).toContain('"{""rating"":3}"');
  expect(csv.endsWith("\r\n")).toBe(true);
  expect(JSON.parse(lineOf(whole, "jsonl"))).toMatchObject({ id: "sinks:1", source: "=cmd()", data: { rating: 3 } });
});
