import { expect, test } from "vitest";
import {
  inSegmentsWords,
  readSegmentBody,
  type SegmentCall,
  segmentItems,
  segmentPaths,
  typeNamesOf,
} from "../../../ingest/formats/segment.ts";
import { offlineKnowledge } from "../knowledge.ts";

const names = typeNamesOf(offlineKnowledge().catalogue);
const read = (body: unknown, path: SegmentCall | "batch" = "batch") =>
  segmentItems(readSegmentBody(Buffer.from(JSON.stringify(body)), 1_000), path, names, 3);

const track = {
  type: "track",
  event: "Trip Requested",
  messageId: "node-next-1",
  timestamp: "2026-11-22T21:11:41.123Z",
  userId: "rdr_1",
  anonymousId: "a",
  properties: { trip_id: "trp_1" },
  context: { library: { name: "@segment/analytics-node", version: "3.1.0" } },
};

test("a track call is an event of the type that its event names", () => {
  expect(read({ batch: [track], sentAt: "x" }).values).toEqual([
    {
      specversion: "1.0",
      id: "node-next-1",
      type: "trip.requested",
      source: "/segment/@segment/analytics-node/3.1.0",
      time: "2026-11-22T21:11:41.123Z",
      subject: "rdr_1",
      data: { trip_id: "trp_1" },
    },
  ]);
  const { type: _type, ...single } = track;
  expect(read(single, "track").values).toMatchObject([{ id: "node-next-1", type: "trip.requested" }]);
});

test.each([
  ["trip.driver_arrived", "trip.driver_arrived"],
  ["Trip Driver Arrived", "trip.driver_arrived"],
  ["trip_driver_arrived", "trip.driver_arrived"],
  ["TripDriverArrived", "trip.driver_arrived"],
  ["Safety SOS", "safety.sos"],
  ["Checkout Started", "Checkout Started"],
  ["constructor", "constructor"],
])("%j names the type %j", (event, type) => {
  expect(read({ batch: [{ ...track, event }] }).values).toMatchObject([{ type }]);
});

test("a spelling that two types share names neither", () => {
  const { types } = offlineKnowledge().catalogue;
  const [type] = types.values();
  const shared = new Map([
    ["a.bc", type],
    ["ab.c", type],
    ["d.e", type],
  ]) as typeof types;
  expect([...typeNamesOf({ types: shared } as Parameters<typeof typeNamesOf>[0])]).toEqual([["de", "d.e"]]);
});

test("another call is an event of a type of Segment's own, with all that it says", () => {
  const call = { ...track, type: "identify", traits: { plan: "x" }, event: undefined, properties: undefined };
  expect(read({ batch: [call] }).values).toMatchObject([
    { type: "segment.identify", id: "node-next-1", data: { userId: "rdr_1", anonymousId: "a", traits: { plan: "x" } } },
  ]);
  expect(read(call, "group").values).toMatchObject([{ type: "segment.group" }]);
});

test("what is missing stays missing, and what is no call stays what it is", () => {
  const items = read({ batch: [{ type: "track", anonymousId: "a" }, 7, { userId: null }] });
  expect(items.values).toEqual([
    { specversion: "1.0", source: "/segment", subject: "a", data: {} },
    7,
    { specversion: "1.0", source: "/segment", data: { userId: null } },
  ]);
  expect(items.bytesOf(1).toString()).toBe("7");
  expect(JSON.parse(items.bytesOf(0).toString())).toEqual(items.values[0]);
});

test("the library may be named once for the whole batch", () => {
  const library = { name: "a b", version: 4 };
  const items = read({ batch: [{ ...track, context: {} }], context: { library } });
  expect(items.values).toMatchObject([{ source: "/segment/a%20b" }]);
});

test.each([
  [[], "request_shape_invalid"],
  [7, "request_shape_invalid"],
  [{}, "request_shape_invalid"],
  [{ batch: {} }, "request_shape_invalid"],
  [{ batch: [1, 2, 3, 4] }, "request_too_many_events"],
])("%j is %s", (body, code) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ code }));
});

test("the key and the time of sending may be in the body", () => {
  const body = readSegmentBody(
    Buffer.from('{"writeKey":"k","sentAt":"2026-11-22T21:11:41Z","batch":["\\u0041"]}'),
    1_000,
  );
  expect(body).toMatchObject({ writeKey: "k", sentAt: "2026-11-22T21:11:41Z", escapes: true });
  expect(readSegmentBody(Buffer.from('{"writeKey":1}'), 1_000).writeKey).toBeUndefined();
});

test.each([
  ["/data/latitude", true, "/properties/latitude"],
  ["/data", true, "/properties"],
  ["/type", true, "/event"],
  ["/type", false, "/type"],
  ["/data/traits/x", false, "/traits/x"],
  ["/id", true, "/messageId"],
  ["/time", true, "/timestamp"],
  ["/source", true, "/context/library"],
  ["", true, ""],
])("the pointer %j (track: %s) is told as %j", (pointer, isTrack, told) => {
  const violation = { code: "event_field_missing", pointer, expected: "", got: "", message: "" } as const;
  expect(inSegmentsWords(violation, isTrack).pointer).toBe(told);
});

test("each call has a long path and a short one", () => {
  expect(segmentPaths.get("/v1/batch")).toBe("batch");
  expect(segmentPaths.get("/v1/b")).toBe("batch");
  expect(segmentPaths.get("/v1/t")).toBe("track");
  expect(segmentPaths.size).toBe(14);
});
