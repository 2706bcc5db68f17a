import { describe, expect, test } from "vitest";
import { createCodec, createScratch } from "../../schemas/codec.ts";
import { exampleOf, loadCatalogue } from "../../schemas/index.ts";

const { types } = loadCatalogue();
const codecs = new Map([...types].map(([name, type]) => [name, createCodec(type.schema, createScratch())]));

function check(name: string, change: Record<string, unknown>, without: readonly string[] = []) {
  const type = types.get(name);
  if (type === undefined) throw new Error(name);
  const data: Record<string, unknown> = { ...exampleOf(type), ...change };
  for (const key of without) delete data[key];
  return codecs.get(name)?.check(data) ?? [];
}

describe("violations", () => {
  test.each([...types.keys()])("the example of %s has none", (name) => {
    expect(check(name, {})).toEqual([]);
  });

  test("fields with a default may be left out", () => {
    expect(check("app.error", {}, ["stack", "user_id", "os_version"])).toEqual([]);
    expect(check("trip.completed", {}, ["stored_and_forwarded", "distance"])).toEqual([]);
  });

  test.each<[string, string, Record<string, unknown>, string, string, RegExp, string[]?]>([
    [
      "missing",
      "driver.location",
      {},
      "event_field_missing",
      "/latitude",
      /expected a number, got nothing/,
      ["latitude"],
    ],
    ["missing enum", "driver.status", {}, "event_field_missing", "/status", /one of offline/, ["status"]],
    ["unknown", "driver.location", { colour: 1 }, "event_field_unknown", "/colour", /the field "colour"/],
    [
      "misspelt",
      "driver.location",
      { acuracy: 1 },
      "event_field_unknown",
      "/acuracy",
      /did you mean accuracy\?/,
      ["accuracy"],
    ],
    ["null", "driver.location", { driver_id: null }, "event_type_mismatch", "/driver_id", /expected a text, got null/],
    ["number for text", "driver.location", { driver_id: 7 }, "event_type_mismatch", "/driver_id", /got 7/],
    ["text for number", "driver.location", { latitude: "40.1" }, "event_type_mismatch", "/latitude", /got "40\.1"/],
    [
      "nullable of another type",
      "driver.location",
      { speed: "8" },
      "event_type_mismatch",
      "/speed",
      /a number or null/,
    ],
    ["list for text", "driver.location", { trip_id: ["a"] }, "event_type_mismatch", "/trip_id", /got a list of 1/],
    ["object for text", "driver.location", { trip_id: {} }, "event_type_mismatch", "/trip_id", /got an object/],
    ["NaN", "driver.location", { latitude: Number.NaN }, "event_number_not_finite", "/latitude", /got NaN/],
    [
      "infinity",
      "driver.location",
      { speed: Number.POSITIVE_INFINITY },
      "event_number_not_finite",
      "/speed",
      /Infinity/,
    ],
    [
      "too far north",
      "driver.location",
      { latitude: 90.5 },
      "event_number_out_of_range",
      "/latitude",
      /expected -90 to 90/,
    ],
    ["too far west", "driver.location", { longitude: -181 }, "event_number_out_of_range", "/longitude", /-180 to 180/],
    ["below zero", "driver.location", { speed: -1 }, "event_number_out_of_range", "/speed", /at least 0/],
    ["six stars", "trip.rated", { rating: 6 }, "event_number_out_of_range", "/rating", /1 to 5/],
    ["half a star", "trip.rated", { rating: 4.5 }, "event_type_mismatch", "/rating", /a whole number, got 4\.5/],
    ["beyond int", "payment.failed", { attempt: 2 ** 31 }, "event_number_out_of_range", "/attempt", /2147483647/],
    [
      "beyond long",
      "payment.failed",
      { amount: 2 ** 53 },
      "event_number_out_of_range",
      "/amount",
      /got 9007199254740992/,
    ],
    ["unknown symbol", "driver.status", { status: "oppen" }, "event_enum_unknown", "/status", /did you mean open\?/],
    ["symbol of another type", "driver.status", { status: 3 }, "event_type_mismatch", "/status", /one of offline/],
    ["text for boolean", "app.error", { fatal: "true" }, "event_type_mismatch", "/fatal", /true or false/],
    ["NUL", "app.error", { message: "a\0b" }, "event_text_invalid", "/message", /without NUL/],
    ["half a surrogate pair", "app.error", { message: "\ud800" }, "event_text_invalid", "/message", /surrogate/],
    ["a frame that is no text", "app.error", { stack: ["a", 1] }, "event_type_mismatch", "/stack/1", /a text, got 1/],
    ["too many frames", "app.error", { stack: Array(201).fill("a") }, "event_items_too_many", "/stack", /at most 200/],
    ["nested", "city", { boundary: [{ latitude: 1 }] }, "event_field_missing", "/boundary/0/longitude", /a number/],
    [
      "nested unknown",
      "city",
      { boundary: [{ latitude: 1, longitude: 1, "a/b~": 1 }] },
      "event_field_unknown",
      "/boundary/0/a~1b~0",
      /./,
    ],
    ["map value", "alert", { labels: { a: 1 } }, "event_type_mismatch", "/labels/a", /a text, got 1/],
    ["map key", "alert", { labels: { constructor: "x" } }, "event_key_forbidden", "/labels/constructor", /./],
    [
      "time without offset",
      "alert",
      { started_at: "2026-11-22T21:11:41" },
      "event_type_mismatch",
      "/started_at",
      /RFC 3339/,
    ],
    ["30th of February", "alert", { started_at: "2026-02-30T00:00:00Z" }, "event_type_mismatch", "/started_at", /./],
  ])("%s", (_what, type, change, code, pointer, message, without) => {
    expect(check(type, change, without)).toMatchObject([{ code, pointer, message: expect.stringMatching(message) }]);
  });

  test("an own key __proto__ of a parsed text is refused", () => {
    const data: unknown = JSON.parse('{"driver_id":"drv_1","latitude":1,"longitude":1,"__proto__":{"isAdmin":true}}');
    expect(codecs.get("driver.location")?.check(data)).toMatchObject([
      { code: "event_key_forbidden", pointer: "/__proto__" },
    ]);
  });

  test("inherited fields do not count", () => {
    const data: unknown = Object.create({ driver_id: "drv_1", latitude: 1, longitude: 1 });
    expect(codecs.get("driver.location")?.check(data)).toMatchObject([{ code: "event_type_mismatch", pointer: "" }]);
  });

  test.each([null, 7, "text", [], undefined])("data that is %s is a violation at the root", (data) => {
    expect(codecs.get("driver.location")?.check(data)).toMatchObject([{ code: "event_type_mismatch", pointer: "" }]);
  });

  test("all violations are told, up to a limit", () => {
    const data = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x${i}`, 1]));
    expect(codecs.get("driver.location")?.check(data)).toHaveLength(20);
    expect(check("driver.location", { latitude: "a", speed: true }, ["driver_id"])).toHaveLength(3);
  });
});
