import fc from "fast-check";
import { changed, changes } from "./changes.ts";
import type { FuzzSeeds } from "./input.ts";

/** What may stand for a value, and mostly should not. */
const strange = [
  ...["null", "true", "0", "-0", "1e999", "-1e308", "1E-400", "12345678901234567890", "0.1e1", "[]", "{}", '""'],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"__proto__"',
    '"constructor"',
    '"\\u005f_proto__"',
    "[[[[[[[[[[]]]]]]]]]]",
  ],
  ...[
    '{"__proto__":{}}',
    '{"toString":1}',
    '{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}',
    '"2026-02-30T00:00:00Z"',
    '"9999-12-31T23:59:59Z"',
  ],
  ...[
    '"application/avro"',
    '"AAAAAAE="',
    `"${"x".repeat(300)}"`,
    `"${"\\u00e9".repeat(60)}"`,
    "NaN",
    "Infinity",
    "'a'",
    "01",
    "+1",
    ".5",
    "1.",
    "tru",
  ],
  ...[
    "\u2028",
    "\ufeff",
    "/**/",
    ",",
    ":",
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    `[${"1,".repeat(200)}1]`,
    `"${"\u{1f600}".repeat(30)}"`,
  ],
];
const tokens = /"(?:[^"\\]|\\.)*"|[-\d.eE+]+|true|false|null|[{}[\],:]/g;

const tokenChange = fc.record({
  how: fc.constantFrom("replace", "replace", "insert", "delete", "repeat", "swap"),
  at: fc.nat(400),
  with: fc.constantFrom(...strange),
});

/** A valid event with some of its words taken out, replaced or repeated. */
function spoilt(events: readonly string[]): fc.Arbitrary<string> {
  const words = events.map((text) => text.match(tokens) ?? []);
  const list = fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 4, arbitrary: fc.tuple(tokenChange) },
    { weight: 1, arbitrary: fc.array(tokenChange, { maxLength: 5 }) },
  );
  return fc.tuple(fc.constantFrom(...words), list, fc.nat(2 ** 40)).map(([event, todo, serial]) => {
    const result = [...event];
    for (const { how, at, with: word } of todo) {
      const place = at % result.length;
      const here = result[place] ?? "";
      if (how === "replace") result[place] = word;
      else if (how === "insert") result.splice(place, 0, word);
      else if (how === "delete") result.splice(place, 1);
      else if (how === "repeat") result.splice(place, 0, ...result.slice(place, place + 4));
      else [result[place], result[(place * 7) % result.length]] = [result[(place * 7) % result.length] ?? "", here];
    }
    return result.join("").replace("ID", `fuzz-${serial}`);
  });
}

/** Bodies of JSON, and what should be. */
export function anyBody(seeds: FuzzSeeds): fc.Arbitrary<Buffer> {
  const event = spoilt(seeds.events);
  const several = fc.array(event, { maxLength: 6 });
  return fc.oneof(
    { weight: 400, arbitrary: event.map((text) => Buffer.from(text)) },
    { weight: 200, arbitrary: several.map((list) => Buffer.from(`[${list.join(",")}]`)) },
    { weight: 150, arbitrary: several.map((list) => Buffer.from(list.join("\n"))) },
    { weight: 150, arbitrary: fc.tuple(event, changes).map(([text, list]) => changed(Buffer.from(text), list)) },
    { weight: 50, arbitrary: fc.json().map((text) => Buffer.from(text)) },
    { weight: 50, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(...heavyBodies(seeds.events)) },
  );
}

/** Bodies that are dear to read for their size. */
function heavyBodies(events: readonly string[]): readonly Buffer[] {
  const size = 4 * 1024 * 1024 - 64;
  const fill = (open: string, unit: string, close: string) =>
    open + unit.repeat(Math.floor(size / unit.length)) + close;
  const names = Array.from({ length: 60_000 }, (_, i) => `"k${i.toString(36)}":1`);
  const misspelt = `{"latitud":1,"longitud":2,${Array.from({ length: 18 }, (_, i) => `"driver_i${i}":1`).join(",")}}`;
  const event = events[0] ?? "{}";
  return [
    fill("[", "{},", "1]"),
    fill("", "[", ""),
    fill("", '{"a":', ""),
    fill("[", "1,", "1]"),
    fill('"', "\\u00e9", '"'),
    fill('["', "a", '"]'),
    fill("[", "9", "]"),
    fill("", "\n", ""),
    fill("", "{}\n", "").slice(0, 30_000),
    `{${names.join(",")}}`,
    `[${names
      .slice(0, 24_000)
      .map((name) => `{${name}}`)
      .join(",")}]`,
    `[${Array(1_000)
      .fill(event.replace(/"data":\{.*\}/, `"data":${misspelt}`))
      .join(",")}]`,
    `[${Array(1_000).fill("{}").join(",")}]`,
    `[${Array(250)
      .fill(event.replace("ID", "x".repeat(16_000)))
      .join(",")}]`,
  ].map((text) => Buffer.from(text));
}
