import fc from "fast-check";
import { expect, test } from "vitest";
import { below, inspectValue, isHarmless } from "../../../ingest/events/inspect-value.ts";

const limits = { maxEventBytes: 1_000, maxDepth: 4, maxKeys: 460, maxTextChars: 2_000 };
const inspect = (json: string) => inspectValue(JSON.parse(json) as object, limits, json.includes("\\u"));

test.each([
  ["plain", '{"a":1,"b":{"c":[1,2,3]}}', undefined],
  ["as deep as allowed", '{"a":{"b":{"c":{}}}}', undefined],
  ["too deep", '{"a":{"b":{"c":{"d":{}}}}}', { code: "event_too_deep", pointer: "/a/b/c/d" }],
  ["arrays count as depth", '{"a":[[[[1]]]]}', { code: "event_too_deep", pointer: "/a/0/0/0" }],
  ["too large", JSON.stringify({ a: "x".repeat(1_000) }), { code: "event_too_large", pointer: "" }],
  ["too large in bytes only", JSON.stringify({ a: "ü".repeat(500) }), { code: "event_too_large", pointer: "" }],
  ["too large by numbers", JSON.stringify(Array(200).fill(1.5e300)), { code: "event_too_large", pointer: "" }],
  ["many small items that fit", JSON.stringify({ a: Array(450).fill(1) }), undefined],
  ["too many items", `{"a":[${"1,".repeat(460)}1]}`, { code: "event_too_many_keys", pointer: "/a" }],
  ["too long a text", JSON.stringify({ a: ["x".repeat(2_001)] }), { code: "event_text_too_long", pointer: "/a/0" }],
  ["too long a key", `{"a":{"${"x".repeat(2_001)}":1}}`, { code: "event_text_too_long", pointer: "/a" }],
  ["__proto__", '{"data":{"__proto__":{"x":1}}}', { code: "event_key_forbidden", pointer: "/data/__proto__" }],
  ["escaped __proto__", '{"__pr\\u006fto__":1}', { code: "event_key_forbidden", pointer: "/__proto__" }],
  ["constructor", '{"a":{"constructor":null}}', { code: "event_key_forbidden", pointer: "/a/constructor" }],
  ["constructor as a value", '{"a":"constructor"}', undefined],
  ["NUL", '{"a":{"b/c":"x\\u0000"}}', { code: "event_text_invalid", pointer: "/a/b~1c" }],
  ["half a pair", '{"a":"\\ud83d"}', { code: "event_text_invalid", pointer: "/a" }],
  ["a whole pair", '{"a":"\\ud83d\\ude00"}', undefined],
])("%s", (_name, json, expected) => {
  expect(inspect(json)).toEqual(expected);
});

test("an event is too large exactly when its compact JSON is", () => {
  const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 40 });
  const noForbidden = value.filter((v) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(v)));
  fc.assert(
    fc.property(noForbidden, fc.integer({ min: 2, max: 600 }), (event, maxEventBytes) => {
      const found = inspectValue(event, { ...limits, maxEventBytes, maxDepth: 64 }, false);
      expect(found?.code === "event_too_large").toBe(Buffer.byteLength(JSON.stringify(event)) > maxEventBytes);
    }),
    { numRuns: 2_000 },
  );
});

test("a pointer is escaped as RFC 6901 says", () => {
  expect(below("/a", "m~n/o")).toBe("/a/m~0n~1o");
});

test("what is called harmless without a walk is found harmless by the walk", () => {
  const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "prototype", "a"));
  const scalar = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.constantFrom("__proto__", 1e20, null));
  const tree = fc.oneof(scalar, fc.array(fc.array(scalar)), fc.dictionary(key, fc.dictionary(key, fc.array(scalar))));
  const roomy = { maxEventBytes: 600, maxDepth: 4, maxKeys: 50, maxTextChars: 100 };
  let harmless = 0;
  fc.assert(
    fc.property(fc.dictionary(key, tree), (event) => {
      const json = JSON.stringify(event);
      if (!isHarmless(Buffer.from(json), roomy)) return;
      harmless++;
      expect(inspectValue(JSON.parse(json) as object, roomy, json.includes("\\u"))).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
  expect(harmless).toBeGreaterThan(100);
});

test.each(["[1e20,1e20,1e20]", '{"a":"\\u005f"}', '{"x":{"__proto__":1}}', '{"constructor":1}', "[[[[[1]]]]]"])(
  "%s is not called harmless",
  (json) => expect(isHarmless(Buffer.from(json), { ...limits, maxEventBytes: 70 })).toBe(false),
);
