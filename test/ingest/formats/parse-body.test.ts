import { expect, test } from "vitest";
import { parseBody } from "../../../ingest/formats/parse-body.ts";

const parse = (body: string | Buffer, shape: "one" | "many" | "either" = "either") =>
  parseBody(Buffer.from(body as string), shape, { maxEvents: 3, maxBodyItems: 8 });

test("one object is one item, an array is its items", () => {
  expect(parse('{"a":1}')).toMatchObject({ values: [{ a: 1 }], escapes: false });
  expect(parse('[{"a":1},2,null]')).toMatchObject({ values: [{ a: 1 }, 2, null], escapes: false });
  expect(parse("[]").values).toEqual([]);
  expect(parse('{"a":"\\u0041"}').escapes).toBe(true);
});

test.each([
  ["", "either", "request_body_empty"],
  ["{", "either", "request_json_invalid"],
  ["\u0000", "either", "request_json_invalid"],
  ["NaN", "either", "request_json_invalid"],
  ['{"a":1}{"b":2}', "either", "request_json_invalid"],
  ["null", "either", "request_shape_invalid"],
  ["7", "either", "request_shape_invalid"],
  ['"text"', "either", "request_shape_invalid"],
  ["[]", "one", "request_shape_invalid"],
  ["{}", "many", "request_shape_invalid"],
  ["[1,2,3,4]", "either", "request_too_many_events"],
  ["[[[[[[[[[1]]]]]]]]]", "either", "request_too_many_items"],
  ['{"a":[1,2,3,4,5,6,7,8]}', "either", "request_too_many_items"],
  ['{"a":{},"b":{},"c":{},"d":{},"e":{}}', "either", "request_too_many_items"],
] as const)("%j as %s is %s", (body, shape, code) => {
  expect(() => parse(body, shape)).toThrow(expect.objectContaining({ code }));
});

test("what stands in texts is no item", () => {
  expect(parse('{"a":"[[[[[[[[[[[[,,,,,,,,,,{{{{{{{{{{{{","b":[1,2,3]}').values).toHaveLength(1);
  expect(parse('{"a":"\\\\","b":"\\",,,,,,,,,,,,,,,"}').values).toEqual([{ a: "\\", b: '",,,,,,,,,,,,,,,' }]);
});

test("bytes that are not UTF-8 are refused instead of replaced", () => {
  const latin1 = Buffer.from('{"name":"Zo\u00eb"}', "latin1");
  expect(() => parse(latin1)).toThrow(expect.objectContaining({ code: "request_utf8_invalid" }));
});

test("an item of an array that is no JSON does not take the others with it", () => {
  const codes = (body: string | Buffer) => {
    const { values, problems } = parse(body);
    return Array.from(values, (value, i) => problems?.get(i)?.code ?? value);
  };
  expect(codes('[{"a":"]}\\"],"},{"b":NaN},[3]]')).toEqual([{ a: ']}"],' }, "event_json_invalid", [3]]);
  expect(codes(" [1,,{'a':1}]\n")).toEqual([1, "event_json_invalid", "event_json_invalid"]);
  expect(codes("[1,2,]")).toEqual([1, 2, "event_json_invalid"]);
  expect(codes("[NaN]")).toEqual(["event_json_invalid"]);
  expect(codes(Buffer.from('[{"a":"\u00eb"},{"a":1}]', "latin1"))).toEqual(["event_utf8_invalid", { a: 1 }]);
  expect(parse("[1,NaN]").bytesOf(1).toString()).toBe("NaN");
});

test.each(['[{"a":1,{"b":2}]', '[1,"]', "[1,2", "[1]]", "[{]}", "[1,NaN,3,4]", "]["])(
  "where the items end cannot be told, or there are too many: %s",
  (body) => {
    expect(() => parse(body)).toThrow(/not JSON|more events/);
  },
);

test("the message for broken JSON does not quote the body", () => {
  const attempt = () => parse('{"phone":"+49 170 1234567",}');
  expect(attempt).toThrow(expect.objectContaining({ code: "request_json_invalid" }));
  expect(attempt).not.toThrow("1234567");
});

test("a hundred thousand open brackets are answered, not a crash", () => {
  const parseAll = () => parseBody(Buffer.from("[".repeat(100_000)), "either", { maxEvents: 3, maxBodyItems: 1e6 });
  expect(parseAll).toThrow(expect.objectContaining({ code: "request_json_invalid" }));
});
