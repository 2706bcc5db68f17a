import fc from "fast-check";
import { type EventType, exampleOf, loadCatalogue } from "../../schemas/index.ts";
import { parseShape } from "../../schemas/shape.ts";
import { anyValueOf } from "../schemas/arbitraries.ts";
import { locationEvent } from "./knowledge.ts";

/** One item of a batch as JSON text, since not all that can be sent can be had from JSON.stringify. */
export type Item = {
  readonly text: string;
  /** What was done to it. */
  readonly kind: string;
  /** Of a valid event that was never sent before, what must be in Kafka. */
  readonly valid?: { readonly id: string; readonly key: string; readonly topic: string };
};

type Event = Record<string, unknown> & { data: Record<string, unknown> };

const types = [...loadCatalogue().types.values()].filter(({ kind }) => kind !== "derived");
const location = types.find(({ name }) => name === "driver.location") as EventType;

/** Topics that events of apps go into. */
export const eventTopics: readonly string[] = [...new Set(types.map(({ topic }) => topic))];

/** No two valid events are alike, whatever their data. */
const firstTime = Date.parse("2026-01-01T00:00:00Z");
let serial = 0;

/** A valid event of any type, with any data that fits. */
function validItem(nextId: () => string): fc.Arbitrary<Item> {
  const key = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `k${text.replaceAll("\0", "").toWellFormed()}`);
  return fc.constantFrom(...types).chain((type) =>
    fc.tuple(anyValueOf(parseShape(type.schema)), key).map(([random, keyText]) => {
      const id = nextId();
      const data = { ...(random as Record<string, unknown>), [type.keyField]: keyText };
      const time = new Date(firstTime + serial++).toISOString();
      const text = JSON.stringify(locationEvent({ id, type: type.name, time, subject: undefined, data }));
      return { text, kind: `valid ${type.name}`, valid: { id, key: keyText, topic: type.topic } };
    }),
  );
}

const attribute = fc.constantFrom("specversion", "id", "type", "source", "time", "data");
const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });

/** Ways to spoil a valid event. Those that give text do what JSON.stringify cannot. */
const spoilers: Readonly<Record<string, fc.Arbitrary<(event: Event) => unknown>>> = {
  "missing attribute": attribute.map((name) => (event) => ({ ...event, [name]: undefined })),
  "misspelt attribute": attribute.map((name) => (event) => ({
    ...event,
    [name]: undefined,
    [`${name}x`]: event[name],
  })),
  "attribute of a strange type": fc
    .tuple(attribute, fc.constantFrom(null, 7, true, [], {}, ""))
    .map(([name, value]) => (event) => ({ ...event, [name]: value })),
  "long id": fc.constant((event) => ({ ...event, id: `${event.id}${"x".repeat(200)}` })),
  "control character in the id": fc.constant((event) => ({ ...event, id: `${event.id}\n` })),
  "unknown type": fc.string().map((name) => (event) => ({ ...event, type: `unknown ${name}` })),
  "misspelt type": fc.constant((event) => ({ ...event, type: "driver.locaton" })),
  "derived type": fc.constant((event) => ({ ...event, type: "alert" })),
  "strange subject": fc.constantFrom(7, "", "a\u0007b", {}).map((subject) => (event) => ({ ...event, subject })),
  "no time": fc
    .constantFrom("yesterday", "2026-02-30T00:00:00Z", "1985-04-12T23:20:50.52Z", "2126-11-22T21:11:41Z")
    .map((time) => (event) => ({ ...event, time })),
  "base64 data": fc.constant((event) => ({ ...event, data: undefined, data_base64: "e30=" })),
  "data of another content type": fc.constant((event) => ({ ...event, datacontenttype: "text/xml" })),
  "misspelt field": fc.constant((event) => data(event, { latitude: undefined, latitud: 1 })),
  "undeclared field": fc.string().map((name) => (event) => data(event, { [`no ${name}`]: 1 })),
  "missing field": fc
    .constantFrom("driver_id", "latitude")
    .map((name) => (event) => data(event, { [name]: undefined })),
  "wrong type": fc
    .tuple(fc.constantFrom("driver_id", "latitude", "longitude"), fc.constantFrom(null, true, [], {}, [1]))
    .map(
      ([name, value]) =>
        (event) =>
          data(event, { [name]: value }),
    ),
  "out of range": fc.constantFrom(-91, 90.000001, 1e300).map((latitude) => (event) => data(event, { latitude })),
  "words for numbers": fc
    .constantFrom("NaN", "Infinity", "-Infinity", "1")
    .map((latitude) => (event) => data(event, { latitude })),
  "infinite number": fc
    .constantFrom("1e999", "-1e999")
    .map((number) => (event) => JSON.stringify(event).replace(/"latitude":[-\d.e+]+/, `"latitude":${number}`)),
  "empty key": fc.constant((event) => data(event, { driver_id: "" })),
  "too deep": fc.integer({ min: 16, max: 200 }).map((levels) => (event) => data(event, { trip_id: deep(levels) })),
  oversize: fc.integer({ min: 32_768, max: 40_000 }).map((n) => (event) => data(event, { trip_id: "x".repeat(n) })),
  "forbidden key": fc
    .constantFrom("__proto__", "constructor", "prototype", "\\u005f_proto__")
    .map((name) => (event) => JSON.stringify(event).replace('"data":{', `"data":{"${name}":{"a":1},`)),
  "forbidden attribute": fc
    .constantFrom("__proto__", "constructor")
    .map((name) => (event) => JSON.stringify(event).replace("{", `{"${name}":{"id":"x"},`)),
  "NUL or half a pair": fc
    .constantFrom("\\u0000", "\\ud800", "a\\udc00b")
    .map((text) => (event) => JSON.stringify(event).replace('"driver_id":"', `"driver_id":"${text}`)),
};

function data(event: Event, changes: Readonly<Record<string, unknown>>): Event {
  return { ...event, data: { ...event.data, ...changes } };
}

function badItem(nextId: () => string): fc.Arbitrary<Item> {
  const spoilt = fc.constantFrom(...Object.keys(spoilers)).chain((kind) =>
    (spoilers[kind] as fc.Arbitrary<(event: Event) => unknown>).map((spoil) => {
      const result = spoil(locationEvent({ id: nextId(), data: exampleOf(location) }) as Event);
      return { text: typeof result === "string" ? result : JSON.stringify(result), kind };
    }),
  );
  const junk = fc.jsonValue().map((value) => ({ text: JSON.stringify(value), kind: "junk" }));
  return fc.oneof({ weight: 8, arbitrary: spoilt }, { weight: 1, arbitrary: junk });
}

/** Items and how they are sent: as a JSON array, or one a line, where an item need not even be JSON. */
export type Batch = {
  readonly format: "array" | "lines";
  /** What a request may say beside its events; nothing of it changes a result. */
  readonly headers: Readonly<Record<string, string>>;
  readonly items: readonly Item[];
};

const sentAt = fc.oneof(
  fc.integer({ min: -86_400_000, max: 86_400_000 }).map((skewMs) => new Date(Date.now() + skewMs).toISOString()),
  fc.integer({ min: -3_000, max: 3_000 }).map((skewMs) => String(Date.now() + skewMs)),
  fc.constantFrom("yesterday", "", "2026-02-30T00:00:00Z", "0"),
);
const headers = fc.record(
  {
    "sent-at": sentAt,
    prefer: fc.constantFrom("durability=replicated", "respond-async, wait=10"),
    traceparent: fc.constantFrom(`00-${"1".repeat(32)}-${"2".repeat(16)}-01`, "00-0-0-0"),
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<Batch["headers"]>;

/**
 * Valid and bad items of all kinds, mixed.
 * @param nextId a new id at each call
 * @param history valid items that were accepted before; some come again, as they were or with their id and other content
 */
export function anyBatch(nextId: () => string, history: readonly Item[]): fc.Arbitrary<Batch> {
  const format = fc.constantFrom("array" as const, "lines" as const);
  return format.chain((chosen) =>
    fc.record({ format: fc.constant(chosen), headers, items: anyItems(nextId, history, chosen) }),
  );
}

/** Within an array, its end must be told by brackets and quotes; a line ends by itself. */
const unparsableWords = ["nul", "{'id':1}", '{"id":NaN}', '"\\x"', "{}{}", "[1,]", '{"id":"a\tb"}', "-", "+1"];
const unparsableItem = fc.constantFrom(...unparsableWords).map((text) => ({ text, kind: "unparsable" }));
const unparsable = fc
  .constantFrom(
    "{",
    '{"id":',
    "nul",
    "{'id':1}",
    '{"id":NaN}',
    '"\\x"',
    "{}{}",
    "[1,]",
    '{"id":"a\tb"}',
    "\u00ff{",
    "-",
    "+1",
  )
  .map((text) => ({ text, kind: "unparsable" }));

function anyItems(nextId: () => string, history: readonly Item[], format: Batch["format"]): fc.Arbitrary<Item[]> {
  const old = fc.nat().map((n) => history[n % history.length]);
  const item = fc.oneof(
    { weight: 4, arbitrary: validItem(nextId) },
    { weight: 5, arbitrary: badItem(nextId) },
    { weight: 1, arbitrary: format === "lines" ? unparsable : unparsableItem },
    // The same text again as an item before it; the first item of a batch has none.
    { weight: 1, arbitrary: fc.nat().map((back) => ({ text: "", kind: "repeated", back })) },
    { weight: history.length === 0 ? 0 : 1, arbitrary: old.map((item) => ({ text: item?.text ?? "", kind: "again" })) },
    {
      weight: history.length === 0 ? 0 : 1,
      arbitrary: old
        .chain((item) => validItem(() => item?.valid?.id ?? ""))
        .map(({ text }) => ({ text, kind: "other content" })),
    },
  );
  return fc.array(item, { minLength: 1, maxLength: 16, size: "max" }).map((items) => {
    const batch: Item[] = [];
    for (const given of items) {
      if (!("back" in given)) batch.push(given);
      else if (batch.length > 0)
        batch.push({ kind: "repeated", text: (batch[given.back % batch.length] as Item).text });
    }
    return batch;
  });
}
