import fc from "fast-check";
import { expect, test } from "vitest";
import { applyEdits, type EventObject, readMove, readSet, readUnset } from "../../commands/quarantine-edit.ts";

const event = (): EventObject => ({
  id: "a",
  data: { speed: "8.3", "a/b": 1, "m~n": 2, stops: [1, 2, 3], rider: null },
});

test.each([
  ["/data/speed=8.3", 8.3],
  ["/data/speed=null", null],
  ["/data/speed=true", true],
  ['/data/speed="8.3"', "8.3"],
  ["/data/speed=fast", "fast"],
  ["/data/speed=", ""],
  ["/data/speed=007", "007"],
  ["/data/speed=a=b", "a=b"],
  ['/data/speed={"metres":[1]}', { metres: [1] }],
])("--set %s", (text, value) => {
  const before = event();
  const after = applyEdits(before, [readSet(text)]);
  expect(after).toEqual({ ...event(), data: { ...(event().data as object), speed: value } });
  expect(before).toEqual(event());
});

test("pointers reach every place: escapes, list items, behind the last one, what is not there yet", () => {
  const edits = ["/data/a~1b=10", "/data/m~0n=20", "/data/stops/1=0", "/data/stops/-=4", "/type=trip.rated"].map(
    readSet,
  );
  expect(applyEdits(event(), edits)).toEqual({
    id: "a",
    type: "trip.rated",
    data: { speed: "8.3", "a/b": 10, "m~n": 20, stops: [1, 0, 3, 4], rider: null },
  });
});

test("fields are taken out and moved, items of lists too; changes are made in order", () => {
  const edits = [readMove("/data/speed=/data/velocity"), readUnset("/data/stops/0"), readSet("/data/velocity=9")];
  expect(applyEdits(event(), edits)).toEqual({
    id: "a",
    data: { velocity: 9, "a/b": 1, "m~n": 2, stops: [2, 3], rider: null },
  });
});

test.each([
  [readUnset("/data/none"), "/data/none: there is nothing"],
  [readMove("/data/none=/data/speed"), "/data/none: there is nothing"],
  [readSet("/data/none/deeper=1"), "/data/none holds nothing"],
  [readSet("/data/rider/name=1"), "/data/rider holds nothing"],
  [readSet("/data/speed/unit=1"), "/data/speed holds nothing"],
  [readSet("/data/stops/3=1"), "the list has 3 items"],
  [readSet("/data/stops/01=1"), "the list has 3 items"],
  [readSet("/data/toString/x=1"), "/data/toString holds nothing"],
])("%j cannot be made, and says why", (edit, why) => {
  expect(() => applyEdits(event(), [edit])).toThrow(why);
});

test("the data of an event in Avro is not reached, and the error says what to do", () => {
  const avro = { id: "a", datacontenttype: "application/avro", data_base64: "AAAA" };
  expect(() => applyEdits(avro, [readSet("/data/speed=1")])).toThrow("--file");
  expect(applyEdits(avro, [readSet("/type=x")])).toEqual({ ...avro, type: "x" });
});

test.each(["data/speed=1", "=1", "/data"])("--set %s is refused as an option", (text) => {
  expect(() => readSet(text)).toThrow(expect.objectContaining({ code: "option_invalid" }));
});

test.each(["__proto__", "constructor", "prototype"])("no pointer leads through %s", (key) => {
  for (const pointer of [`/${key}/polluted=1`, `/data/${key}=1`]) {
    expect(() => readSet(pointer)).toThrow(expect.objectContaining({ code: "quarantine_fix_invalid" }));
  }
  expect(() => readMove(`/data/speed=/${key}/x`)).toThrow();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("whatever is set is found there, and what is unset again leaves the event as it was", () => {
  const keys = fc
    .string({ minLength: 1 })
    .filter((key) => !["__proto__", "constructor", "prototype"].includes(key) && !key.includes("="));
  fc.assert(
    fc.property(keys, fc.jsonValue(), (key, value) => {
      const pointer = `/data/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const set = applyEdits({ data: {} }, [readSet(`${pointer}=${JSON.stringify(value)}`)]);
      expect(set).toEqual({ data: { [key]: JSON.parse(JSON.stringify(value)) as unknown } });
      expect(applyEdits(set, [readUnset(pointer)])).toEqual({ data: {} });
    }),
  );
});
