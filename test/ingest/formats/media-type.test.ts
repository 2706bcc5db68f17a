import { expect, test } from "vitest";
import { bodyShapeOf, isGzip } from "../../../ingest/formats/media-type.ts";

test.each([
  ["application/json", "either"],
  ["application/json; charset=utf-8", "either"],
  ['Application/JSON;charset="UTF-8"', "either"],
  ["application/cloudevents+json", "one"],
  ["application/cloudevents-batch+json; charset=utf-8", "many"],
])("%s holds %s", (contentType, shape) => {
  expect(bodyShapeOf(contentType)).toBe(shape);
});

test.each([undefined, "", "text/plain", "application/json; charset=latin1", "application/xml", "toString"])(
  "%s is refused",
  (contentType) => {
    expect(() => bodyShapeOf(contentType)).toThrow(expect.objectContaining({ code: "request_media_type_unsupported" }));
  },
);

test("only gzip is inflated, anything else than none is refused", () => {
  expect(isGzip(undefined)).toBe(false);
  expect(isGzip("identity")).toBe(false);
  expect(isGzip("GZIP")).toBe(true);
  for (const encoding of ["br", "deflate", "gzip, gzip", ""]) {
    expect(() => isGzip(encoding)).toThrow(expect.objectContaining({ code: "request_encoding_unsupported" }));
  }
});
