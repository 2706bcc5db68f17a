import { expect, test } from "vitest";
import { bodyFormatOf, isGzip } from "../../../ingest/formats/media-type.ts";

test.each([
  ["application/json", "either"],
  ["application/json; charset=utf-8", "either"],
  ['Application/JSON;charset="UTF-8"', "either"],
  ["application/cloudevents+json", "one"],
  ["application/cloudevents-batch+json; charset=utf-8", "many"],
  ["application/x-ndjson", "lines"],
  ["application/ndjson; charset=utf-8", "lines"],
])("%s holds %s", (contentType, format) => {
  expect(bodyFormatOf({ "content-type": contentType })).toBe(format);
});

test.each([
  ["application/json", "binary"],
  ["application/json; charset=utf-8", "binary"],
  ["application/vnd.acme.trip+json", "binary"],
  [undefined, "binary"],
  ["application/avro", "avro"],
  ["application/cloudevents+json", "one"],
  ["application/cloudevents-batch+json", "many"],
  ["application/x-ndjson", "lines"],
])("%s with ce- headers holds %s", (contentType, format) => {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  expect(bodyFormatOf({ ...headers, "ce-specversion": "1.0" })).toBe(format);
  expect(bodyFormatOf({ ...headers, "ce-id": "1" })).toBe(format);
});

test.each([
  undefined,
  "",
  "text/plain",
  "application/json; charset=latin1",
  "application/xml",
  "application/vnd.acme.trip+json",
  "toString",
])("%s is refused", (contentType) => {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  expect(() => bodyFormatOf(headers)).toThrow(expect.objectContaining({ code: "request_media_type_unsupported" }));
});

test("only gzip is inflated, anything else than none is refused", () => {
  expect(isGzip(undefined)).toBe(false);
  expect(isGzip("identity")).toBe(false);
  expect(isGzip("GZIP")).toBe(true);
  for (const encoding of ["br", "deflate", "gzip, gzip", ""]) {
    expect(() => isGzip(encoding)).toThrow(expect.objectContaining({ code: "request_encoding_unsupported" }));
  }
});
