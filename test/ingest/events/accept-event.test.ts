import fc from "fast-check";
import { expect, test } from "vitest";
import { acceptEvents, maxViolations } from "../../../ingest/events/accept-event.ts";
import type { SenderClock } from "../../../ingest/events/correct-time.ts";
import type { Verdict } from "../../../ingest/events/verdict.ts";
import { anySender, type Sender } from "../../../ingest/identity/sender.ts";
import { locationEvent, offlineKnowledge } from "../knowledge.ts";

const knowledge = offlineKnowledge();
const limits = {
  maxEventBytes: 4_096,
  maxDepth: 8,
  maxKeys: 1_000,
  maxTextChars: 100_000,
  maxFutureMs: 86_400_000,
  futureFlagMs: 60_000,
  pastFlagMs: 7 * 86_400_000,
};
const receivedAt = Date.UTC(2026, 10, 22, 21, 12);
const accept = (values: readonly unknown[], traceparent?: string, sender: Sender = anySender("app")): Verdict[] => {
  const escapes = JSON.stringify(values).includes("\\u");
  const request = { receivedAt, ...(traceparent ? { traceparent } : {}) };
  return acceptEvents({ values, escapes }, knowledge, limits, request, sender);
};
const violationsOf = (verdict: Verdict) => ("violations" in verdict ? verdict.violations : []);
const acceptOne = (item: unknown) => accept([item])[0] as Verdict;
const parsed = (json: string) => JSON.parse(json) as unknown;
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const data = { driver_id: "drv_1", latitude: 40.7128, longitude: -74.006 };
const nested = (levels: number): unknown => (levels === 0 ? 1 : { x: nested(levels - 1) });

/** What is wrong, the event, the code and the pointer. */
const wrong: readonly [string, unknown, string, string][] = [
  ["a number", 7, "event_not_object", ""],
  ["a text", "event", "event_not_object", ""],
  ["null", null, "event_not_object", ""],
  ["true", true, "event_not_object", ""],
  ["an array", [locationEvent()], "event_not_object", ""],
  ["no specversion", locationEvent({ specversion: undefined }), "event_specversion_unsupported", "/specversion"],
  ["CloudEvents 0.3", locationEvent({ specversion: "0.3" }), "event_specversion_unsupported", "/specversion"],
  ["specversion as a number", locationEvent({ specversion: 1.0 }), "event_specversion_unsupported", "/specversion"],
  ["no id", locationEvent({ id: undefined }), "event_id_missing", "/id"],
  ["an empty id", locationEvent({ id: "" }), "event_id_invalid", "/id"],
  ["id null", locationEvent({ id: null }), "event_id_invalid", "/id"],
  ["id as a number", locationEvent({ id: 17 }), "event_id_invalid", "/id"],
  ["id of 201 characters", locationEvent({ id: "x".repeat(201) }), "event_id_invalid", "/id"],
  ["id with a line break", locationEvent({ id: "a\nb" }), "event_id_invalid", "/id"],
  ["id with NUL", locationEvent({ id: "a\u0000b" }), "event_text_invalid", "/id"],
  ["id with half a surrogate pair", locationEvent({ id: "a\ud83d" }), "event_text_invalid", "/id"],
  ["no type", locationEvent({ type: undefined }), "event_type_missing", "/type"],
  ["type as a number", locationEvent({ type: 4 }), "event_type_unknown", "/type"],
  ["an unknown type", locationEvent({ type: "driver.unknown" }), "event_type_unknown", "/type"],
  ["an empty type", locationEvent({ type: "" }), "event_type_unknown", "/type"],
  ["a type by the name of an object's part", locationEvent({ type: "constructor" }), "event_type_unknown", "/type"],
  ["a derived type", locationEvent({ type: "alert" }), "event_type_derived", "/type"],
  ["no source", locationEvent({ source: undefined }), "event_source_missing", "/source"],
  ["an empty source", locationEvent({ source: "" }), "event_source_invalid", "/source"],
  ["a long source", locationEvent({ source: `/${"x".repeat(500)}` }), "event_source_invalid", "/source"],
  ["an empty subject", locationEvent({ subject: "" }), "event_subject_invalid", "/subject"],
  ["subject as an object", locationEvent({ subject: {} }), "event_subject_invalid", "/subject"],
  ["no time", locationEvent({ time: undefined }), "event_time_missing", "/time"],
  ["time null", locationEvent({ time: null }), "event_time_missing", "/time"],
  ["time without a zone", locationEvent({ time: "2026-11-22T21:11:41" }), "event_time_invalid", "/time"],
  ["time as a number", locationEvent({ time: 1_763_845_901 }), "event_time_invalid", "/time"],
  ["30 February", locationEvent({ time: "2026-02-30T00:00:00Z" }), "event_time_invalid", "/time"],
  ["a time before 2000", locationEvent({ time: "1970-01-01T00:00:00Z" }), "event_time_unreasonable", "/time"],
  ["two days ahead", locationEvent({ time: "2026-11-24T21:12:01Z" }), "event_time_unreasonable", "/time"],
  ["no data", locationEvent({ data: undefined }), "event_data_missing", "/data"],
  ["data null", locationEvent({ data: null }), "event_data_missing", "/data"],
  [
    "data in base64",
    locationEvent({ data: undefined, data_base64: "e30=" }),
    "event_data_base64_unsupported",
    "/data_base64",
  ],
  [
    "data as XML",
    locationEvent({ datacontenttype: "text/xml" }),
    "event_datacontenttype_unsupported",
    "/datacontenttype",
  ],
  ["an empty key", locationEvent({ data: { ...data, driver_id: "" } }), "event_key_empty", "/data/driver_id"],
  ["__proto__ in the event", parsed('{"__proto__":{"x":1}}'), "event_key_forbidden", "/__proto__"],
  [
    "__proto__ in the data",
    locationEvent({ data: parsed('{"driver_id":"d","__proto__":{"latitude":1}}') }),
    "event_key_forbidden",
    "/data/__proto__",
  ],
  [
    "constructor in the data",
    locationEvent({ data: { ...data, constructor: 1 } }),
    "event_key_forbidden",
    "/data/constructor",
  ],
  ["data nested too deep", locationEvent({ data: nested(8) }), "event_too_deep", `/data${"/x".repeat(7)}`],
  ["an event that is too large", locationEvent({ comment: "x".repeat(4_096) }), "event_too_large", ""],
  ["NUL in the data", locationEvent({ data: { ...data, trip_id: "\u0000" } }), "event_text_invalid", "/data/trip_id"],
];

test.each(wrong)("%s is rejected", (_name, event, code, pointer) => {
  const verdict = acceptOne(event);
  expect(verdict).toMatchObject({ outcome: "rejected", violations: [{ code, pointer }] });
});

const right: readonly [string, Record<string, unknown>][] = [
  ["the event of the docs", locationEvent()],
  ["no subject", locationEvent({ subject: undefined })],
  ["subject null", locationEvent({ subject: null })],
  ["an id of 200 characters", locationEvent({ id: "x".repeat(200) })],
  ["an id in another script", locationEvent({ id: "рейс-№ 7 🚕" })],
  ["an extension attribute", locationEvent({ sequence: "1", sampledrate: 30 })],
  ["datacontenttype with a charset", locationEvent({ datacontenttype: "application/json; charset=utf-8" })],
  ["datacontenttype of the JSON family", locationEvent({ datacontenttype: "application/vnd.ride+json" })],
  ["a time of 2015", locationEvent({ time: "2015-01-03T04:05:06+01:00" })],
  ["a time one hour ahead", locationEvent({ time: "2026-11-22T22:11:41Z" })],
  ["an optional field", locationEvent({ data: { ...data, speed: 12.5, trip_id: "trp_1" } })],
  ["constructor as a text", locationEvent({ data: { ...data, trip_id: "constructor" } })],
];

test.each(right)("%s is accepted", (_name, event) => {
  const verdict = acceptOne(event);
  expect(verdict).toMatchObject({ outcome: "accepted", id: event.id, schemaId: 7 });
});

test("the record has the key, the value and the envelope exactly as sent", () => {
  const event = locationEvent({ time: "2026-11-22T22:11:41.5+01:00" });
  const [verdict] = accept([event], traceparent);
  expect(verdict).toMatchObject({
    outcome: "accepted",
    type: { topic: "driver-locations" },
    record: {
      key: "drv_1",
      value: Buffer.from(JSON.stringify(event.data)),
      headers: {
        ce_id: event.id,
        ce_type: "driver.location",
        ce_source: "/apps/driver/ios/6.1.2",
        ce_time: "2026-11-22T22:11:41.5+01:00",
        ce_subject: "drv_1",
        received_at: String(receivedAt),
        traceparent,
      },
    },
  });
});

test("an event's own trace context goes before the request's, a malformed one is ignored", () => {
  const own = traceparent.replace("0af7", "ffff");
  const [first, second] = accept(
    [locationEvent({ traceparent: own }), locationEvent({ id: "b", traceparent: "junk" })],
    traceparent,
  );
  expect(first).toMatchObject({ record: { headers: { traceparent: own } } });
  expect(second).toMatchObject({ record: { headers: { traceparent } } });
});

test("everything that is wrong is named, the envelope before the data", () => {
  const verdict = acceptOne({
    specversion: "1.0",
    type: "driver.location",
    data: { driver_id: 4, latitude: 1, longitude: 2 },
  });
  const codes = violationsOf(verdict).map(({ code, pointer }) => `${code} ${pointer}`);
  expect(codes.slice(0, 3)).toEqual([
    "event_id_missing /id",
    "event_source_missing /source",
    "event_time_missing /time",
  ]);
  expect(codes[3]).toBe("event_type_mismatch /data/driver_id");
});

test("violations are bounded", () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`unknown${i}`, i]));
  const verdict = acceptOne(locationEvent({ data: { ...data, ...many } }));
  expect(violationsOf(verdict).length).toBe(maxViolations);
});

test("a slip of the finger is answered with the word that was meant", () => {
  const first = (event: unknown) => violationsOf(acceptOne(event))[0];
  expect(first(locationEvent({ type: "driver.locaton" }))).toMatchObject({
    message: expect.stringContaining('Did you mean "driver.location"?'),
    didYouMean: "driver.location",
  });
  expect(first(locationEvent({ type: "x".repeat(3_000) }))?.didYouMean).toBeUndefined();
  expect(first(locationEvent({ time: undefined, tme: "2026-11-22T21:11:41Z" }))).toMatchObject({
    pointer: "/time",
    got: 'the attribute "tme"',
    didYouMean: "time",
  });
  expect(first(locationEvent({ source: undefined, Source: "/x" }))?.message).toContain('"Source"');
  expect(first(locationEvent({ id: undefined, key: "/x" }))?.didYouMean).toBeUndefined();
  expect(first(locationEvent({ data: { ...data, acuracy: 3 } }))).toMatchObject({
    code: "event_field_unknown",
    didYouMean: "accuracy",
  });
  const status = { type: "driver.status", data: { driver_id: "drv_1", status: "ofline" } };
  expect(first(locationEvent(status))).toMatchObject({ code: "event_enum_unknown", didYouMean: "offline" });
});

test("what is refused names the schema that it would have been checked against, when there is one", () => {
  const schemaId = (event: unknown) => (acceptOne(event) as { schemaId?: number }).schemaId;
  expect(schemaId(locationEvent({ time: "now" }))).toBe(7);
  expect(schemaId(locationEvent({ data: { text: "x".repeat(40_000) } }))).toBe(7);
  expect(schemaId(locationEvent({ type: "driver.nothing" }))).toBeUndefined();
  expect(schemaId(7)).toBeUndefined();
});

test("a time ahead or far back is flagged, and corrected when the request says when it was sent; the time itself stays", () => {
  const headersOf = (time: string, clock?: SenderClock) => {
    const request = { receivedAt, ...(clock === undefined ? {} : { clock }) };
    const events = { values: [locationEvent({ time })], escapes: false };
    const [verdict] = acceptEvents(events, knowledge, limits, request, anySender("app"));
    return verdict?.outcome === "accepted" ? verdict.record.headers : verdict;
  };
  const now = new Date(receivedAt).toISOString();
  expect(headersOf(now)).not.toHaveProperty("time_flag");
  expect(headersOf(now)).not.toHaveProperty("time_corrected");
  const ahead = new Date(receivedAt + 3_600_000).toISOString();
  expect(headersOf(ahead)).toMatchObject({ ce_time: ahead, time_flag: "future" });
  expect(headersOf("2015-01-31T23:59:59Z")).toMatchObject({ time_flag: "past" });
  const clock = { sentAt: receivedAt + 3_601_000, skewMs: -3_601_000, transferMs: 0, errorMs: 2_001 };
  expect(headersOf(ahead, clock)).toMatchObject({
    ce_time: ahead,
    time_flag: "future",
    time_corrected: String(receivedAt - 1_000),
    time_error_ms: "2003",
  });
  const setBack = { sentAt: receivedAt, skewMs: 0, transferMs: 0, errorMs: 2_001 };
  expect(headersOf(ahead, setBack)).not.toHaveProperty("time_corrected");
});

test("an accepted event says when it happened", () => {
  expect(acceptOne(locationEvent({ time: "2026-11-22T22:11:41.123456+01:00" }))).toMatchObject({
    occurredAt: Date.UTC(2026, 10, 22, 21, 11, 41, 123),
  });
});

test("one bad event never changes what happens to another", () => {
  const good = fc.uuid().map((id) => locationEvent({ id }));
  const bad = fc.constantFrom(...wrong.map(([, event]) => event));
  const junk = fc.jsonValue();
  const item = fc.oneof(
    good.map((event) => ({ event, good: true })),
    fc.oneof(bad, junk).map((event) => ({ event, good: false })),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), (items) => {
      const verdicts = accept(items.map(({ event }) => event));
      expect(verdicts).toHaveLength(items.length);
      for (const [i, { event, good }] of items.entries()) {
        expect(verdicts[i]?.outcome === "accepted").toBe(good);
        if (good) expect(verdicts[i]?.id).toBe((event as Record<string, unknown>).id);
        if (good) expect(verdicts[i]).toEqual(acceptOne(event));
      }
    }),
    { numRuns: 200 },
  );
}, 30_000);

test("nothing that JSON can hold makes it throw", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 10 }), (items) => {
      expect(accept(items).every((verdict) => verdict.outcome !== "accepted")).toBe(true);
    }),
    { numRuns: 50 },
  );
  const like = fc.record(
    {
      specversion: fc.constant("1.0"),
      id: fc.string({ unit: "binary" }),
      type: fc.constantFrom("driver.location", "trip.completed", "app.error", "city"),
      source: fc.string({ unit: "binary" }),
      time: fc.oneof(fc.string(), fc.constant("2026-11-22T21:11:41Z")),
      data: fc.dictionary(
        fc.constantFrom("driver_id", "latitude", "longitude", "stack", "boundary", "x"),
        fc.jsonValue({ maxDepth: 1 }),
        // More keys than there are names would make the generator try for ever.
        { maxKeys: 4 },
      ),
    },
    { requiredKeys: ["type"] },
  );
  fc.assert(
    fc.property(fc.array(like, { maxLength: 5 }), (items) => accept(items).length === items.length),
    { numRuns: 50 },
  );
}, 30_000);

test("what an app in the field cannot repair is quarantined, what has no usable envelope is rejected", () => {
  const live = anySender("driver-app", "live");
  const outcome = (event: unknown, sender: Sender = live) => accept([event], undefined, sender)[0]?.outcome;
  expect(outcome(locationEvent({ data: { ...data, latitude: "north" } }))).toBe("quarantined");
  expect(outcome(locationEvent({ type: "driver.unknown" }))).toBe("quarantined");
  expect(outcome(locationEvent({ id: undefined, data: {} }))).toBe("rejected");
  expect(outcome(7)).toBe("rejected");
  expect(outcome(locationEvent())).toBe("accepted");
});

test("a key posts only the types of its scopes", () => {
  const rider: Sender = { ...anySender("rider-app"), mayPost: (type) => type.startsWith("rider.") };
  expect(accept([locationEvent()], undefined, rider)[0]).toMatchObject({
    outcome: "rejected",
    violations: [{ code: "event_type_forbidden", pointer: "/type" }],
  });
});

test("what could not be parsed is rejected in its place", () => {
  const problem = { code: "event_not_object", pointer: "", expected: "JSON", got: "{", message: "m" } as const;
  const items = { values: [locationEvent(), undefined], problems: new Map([[1, problem]]), escapes: false };
  const verdicts = acceptEvents(items, knowledge, limits, { receivedAt }, anySender("app"));
  expect(verdicts[0]?.outcome).toBe("accepted");
  expect(verdicts[1]).toEqual({ outcome: "rejected", id: undefined, type: undefined, violations: [problem] });
});

test("an event without a usable time is refused for that, whatever the request says of its clock", () => {
  const clock = { sentAt: receivedAt, skewMs: 0, transferMs: 0, errorMs: 1 };
  const events = [undefined, null, 7, {}, "x"].map((time) => locationEvent({ time }));
  const verdicts = acceptEvents(
    { values: events, escapes: false },
    knowledge,
    limits,
    { receivedAt, clock },
    anySender("app"),
  );
  expect(verdicts.map((verdict) => violationsOf(verdict).map(({ code }) => code))).toEqual([
    ["event_time_missing"],
    ["event_time_missing"],
    ["event_time_invalid"],
    ["event_time_invalid"],
    ["event_time_invalid"],
  ]);
});
