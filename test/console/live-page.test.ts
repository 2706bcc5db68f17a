import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { fileText } from "../../console/lists/file-text.ts";
import type { LiveEvent } from "../../console/live/shapes.ts";
import {
  addressOf,
  filterOf,
  recordAddress,
  recordPlaceOf,
  traceAddress,
  tracedIdOf,
} from "../../console/page/live/live-address.ts";
import { rowOf } from "../../console/page/live/live-export.ts";
import { emptyList, grow, maxKept, pause, reconnect, resume } from "../../console/page/live/live-list.ts";

function event(n: number): LiveEvent {
  return {
    ...{ topic: "safety", partition: 0, offset: String(n), status: "accepted", id: String(n), type: "safety.sos" },
    ...{ key: "rdr_1", time: "", arrivedAt: n, data: "" },
  };
}
const batch = (...numbers: number[]) => ({ events: numbers.map(event), seen: 9, matched: 5, shown: numbers.length });
const offsets = ({ events }: { readonly events: readonly LiveEvent[] }) => events.map(({ offset }) => Number(offset));

test("the newest is on top, whichever partition was quicker, and none is there twice", () => {
  const list = grow(grow(emptyList, batch(2, 5)), batch(3, 5, 6));
  expect(offsets(list)).toEqual([6, 5, 3, 2]);
  expect(list).toMatchObject({ seen: 9, matched: 5, shown: 3 });
});

test("while paused the list stands still and what comes is kept; going on shows all of it", () => {
  const paused = grow(grow(pause(grow(emptyList, batch(1, 2))), batch(3)), batch(4));
  expect(offsets(paused)).toEqual([2, 1]);
  expect(paused.paused?.waiting).toHaveLength(2);
  const on = resume(paused);
  expect(offsets(on)).toEqual([4, 3, 2, 1]);
  expect(on.paused).toBeUndefined();
});

test("only the newest are kept, paused or not", () => {
  const many = Array.from({ length: maxKept + 500 }, (_, n) => n);
  expect(offsets(grow(emptyList, batch(...many)))).toHaveLength(maxKept);
  expect(grow(pause(emptyList), batch(...many)).paused?.waiting).toHaveLength(maxKept);
  expect(offsets(grow(emptyList, batch(...many)))[0]).toBe(maxKept + 499);
});

test("another connection counts from zero; the list goes on, and tells when there was none", () => {
  const list = grow(reconnect(grow(emptyList, batch(1, 2)), { from: 10, to: 20 }), batch(3));
  expect(offsets(list)).toEqual([3, 2, 1]);
  expect(list).toMatchObject({ seen: 18, matched: 10, shown: 3, gap: { from: 10, to: 20 } });
});

test("a filter and its address are each other's inverse; what an address may not say is left out", () => {
  const filter = { type: "trip.*", key: "a&b=c #d", status: "quarantined", text: "100 %" } as const;
  const address = addressOf(filter);
  expect(filterOf(address.slice("/live".length))).toEqual(filter);
  expect(addressOf({ type: " ", key: "", status: "", text: "" })).toBe("/live");
  expect(filterOf("?status=other&foo=1")).toEqual({ type: "", key: "", status: "", text: "" });
});

test("an event's address is the place of its record", () => {
  const place = { topic: "a/b", partition: 3, offset: "9007199254740993" };
  expect(recordPlaceOf(recordAddress(place))).toEqual(place);
  expect(recordPlaceOf("/live/safety/x/1")).toBeUndefined();
  expect(recordPlaceOf("/live/safety/1")).toBeUndefined();
  expect(recordPlaceOf("/live/%E0%A4%A/1/1")).toBeUndefined();
});

test("what is saved is masked, whole and safe to open in a spreadsheet", () => {
  const shown: LiveEvent = { ...event(7), key: "(personal, masked)", data: '{"a":"x, \\"y\\"","n":[1]}' };
  const rows = [shown, { ...event(8), id: "=1+1", data: "", problem: "not\nthis" }].map((each) =>
    rowOf({ ...each, open: { key: "rdr_secret", data: "rdr_secret" } }),
  );
  const lines = fileText("jsonl", rows).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ key: "(personal, masked)", data: { a: 'x, "y"', n: [1] } });
  const csv = fileText("csv", rows);
  expect(parse(csv, { columns: true })).toMatchObject([
    { id: "7", data: '{"a":"x, \\"y\\"","n":[1]}', problem: "", arrived_at: "1970-01-01T00:00:00.007Z" },
    { id: "'=1+1", data: "", problem: "not\nthis" },
  ]);
  for (const text of [csv, lines.join()]) expect(text).not.toContain("secret");
  expect(fileText("csv", [])).toBe("\r\n");
});

test("an id has an address, whatever is in it", () => {
  for (const id of ["0198c0de-0000-7000-8000-000000000001", "a/b?c#d %"]) expect(tracedIdOf(traceAddress(id))).toBe(id);
  expect(recordPlaceOf(traceAddress("a"))).toBeUndefined();
  expect(tracedIdOf("/live/safety/1/2")).toBeUndefined();
  expect(tracedIdOf("/live/id/%E0%A4%A")).toBeUndefined();
});
