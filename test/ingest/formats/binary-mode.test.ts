import { expect, test } from "vitest";
import { binaryItems, readAttributes } from "../../../ingest/formats/binary-mode.ts";

const whole = ["ce-specversion", "1.0", "ce-id", "a", "ce-type", "driver.location", "ce-source", "/apps/x"];
const data = Buffer.from('{"driver_id":"drv_1"}');

test("attributes come from the ce- headers, data from the body", () => {
  const headers = ["Host", "x", "CE-Id", "a", "Ce-SpecVersion", "1.0", "ce-time", "2026-11-22T21:11:41Z"];
  const items = binaryItems(headers, data, 100);
  expect(items.values).toEqual([
    { specversion: "1.0", id: "a", time: "2026-11-22T21:11:41Z", data: { driver_id: "drv_1" } },
  ]);
  expect(items.problems).toBeUndefined();
  expect(items.escapes).toBe(false);
});

test.each([
  ["plain", "plain"],
  ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
  ["%41%2f", "A/"],
  ["100%", "100%"],
  ["50%2X", "50%2X"],
  ["%2541", "%41"],
  ['"a \\"quoted\\" \\\\ text"', 'a "quoted" \\ text'],
  ['"%20"', " "],
])("%j is decoded once to %j", (raw, value) => {
  expect(readAttributes(["ce-subject", raw]).values.subject).toBe(value);
});

test.each([
  ["an overlong space", "%C0%A0"],
  ["half of a character", "%E2%82"],
  ["a surrogate", "%ED%A0%80"],
  ["bytes that are not encoded", Buffer.from("Zoë").toString("latin1")],
  ["a quote that is not closed", '"a'],
])("%s is a problem of this attribute alone", (_name, raw) => {
  const { values, problem } = readAttributes([...whole, "ce-subject", raw]);
  expect(problem).toMatchObject({ code: "event_attribute_invalid", pointer: "/subject" });
  expect(values).toMatchObject({ id: "a", type: "driver.location" });
});

test("a header that comes twice is not guessed at", () => {
  const { problem } = readAttributes([...whole, "ce-id", "b"]);
  expect(problem).toMatchObject({ code: "event_attribute_invalid", pointer: "/id", got: "the header twice" });
});

test("headers that are no attributes are left alone", () => {
  const headers = ["ce-data", "{}", "ce-datacontenttype", "text/xml", "ce-__proto__", "x", "ce-", "x", "ce-a-b", "x"];
  expect(readAttributes(headers).values).toEqual({});
});

test("an encoded value may hold NUL, so it must be looked through", () => {
  expect(binaryItems(["ce-id", "a%00"], data, 100).escapes).toBe(true);
  expect(binaryItems(["ce-id", "a"], Buffer.from('{"x":"\\u0000"}'), 100).escapes).toBe(true);
});

test("its bytes are the event in structured mode with the data as it was sent", () => {
  const body = Buffer.from('{ "driver_id" : "drv_1", "latitude": 1.50 }');
  const text = binaryItems(whole, body, 100).bytesOf(0).toString();
  expect(text).toBe(
    `{"specversion":"1.0","id":"a","type":"driver.location","source":"/apps/x","data":${body.toString()}}`,
  );
  expect(binaryItems([], data, 100).bytesOf(0).toString()).toBe('{"data":{"driver_id":"drv_1"}}');
  expect(JSON.parse(binaryItems(whole, Buffer.alloc(0), 100).bytesOf(0).toString())).toMatchObject({ data: null });
});

test("a body that is no JSON is the request's problem", () => {
  expect(() => binaryItems(whole, Buffer.from("{"), 100)).toThrow(
    expect.objectContaining({ code: "request_json_invalid" }),
  );
});
