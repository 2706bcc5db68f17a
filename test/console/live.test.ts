import { afterAll, beforeAll, expect, test } from "vitest";
import { describe, detailOf, headOf, maskedKey } from "../../console/live/describe.ts";
import { filterShape, fitsHead, fitsText } from "../../console/live/filter.ts";
import { type EventStatus, type LiveBatch, type LiveEvent, maskText } from "../../console/live/shapes.ts";
import { completePerSecond, createShare, maxBurst } from "../../console/live/share.ts";
import { statusOf } from "../../console/live/topics.ts";
import { quarantineRecord, type Schemas } from "../../schemas/index.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";

let schemas: Schemas;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ schemas, stop } = await startOfflineSchemas());
});
afterAll(() => stop());

const event: LiveEvent = {
  ...{ topic: "safety", partition: 0, offset: "1", status: "accepted", id: "1", type: "safety.sos", key: "rdr_1" },
  ...{ time: "", arrivedAt: 0, data: "" },
};

/** Offers so many at one moment, and gives what is told then. */
function offer(share: ReturnType<typeof createShare>, count: number, at: number): LiveBatch | undefined {
  for (let n = 0; n < count; n++) if (share.fits(at)) share.take(event);
  let told: LiveBatch | undefined;
  share.tell((batch) => {
    told = batch;
    return true;
  });
  return told;
}

test("200 a second are complete, in bursts or evenly, for as long as it lasts", () => {
  const share = createShare(0);
  let told: LiveBatch | undefined;
  for (let second = 0; second < 60; second++) told = offer(share, completePerSecond, second * 1_000);
  expect(told).toMatchObject({ matched: 12_000, shown: 12_000 });
  const even = createShare(0);
  for (let tick = 1; tick <= 6_000; tick++) told = offer(even, 2, tick * 10);
  expect(told).toMatchObject({ matched: 12_000, shown: 12_000 });
});

test("above it the counts stay exact, and what is shown is 200 a second", () => {
  const share = createShare(0);
  let told: LiveBatch | undefined;
  let events = 0;
  for (let tick = 1; tick <= 100; tick++) {
    told = offer(share, 500, tick * 100);
    events += told?.events.length ?? 0;
  }
  expect(told).toMatchObject({ seen: 50_000, matched: 50_000 });
  expect(told?.shown).toBe(events);
  // The burst at the beginning, and what came behind it.
  expect(told?.shown).toBe(maxBurst + 9.9 * completePerSecond);
});

test("what stood still for some seconds comes at once and is complete", () => {
  const share = createShare(0);
  let told: LiveBatch | undefined;
  for (let stop = 1; stop <= 100; stop++) told = offer(share, completePerSecond * 4, stop * 4_000);
  expect(told).toMatchObject({ matched: 80_000, shown: 80_000 });
});

test("for a browser that takes nothing a bounded number waits; the rest is counted and told when it takes again", () => {
  const share = createShare(0);
  for (let second = 0; second < 100; second++) {
    for (let n = 0; n < 100; n++) if (share.fits(second * 1_000)) share.take(event);
    share.tell(() => false);
  }
  share.pass();
  const told = offer(share, 0, 100_000);
  expect(told?.events).toHaveLength(maxBurst);
  expect(told).toMatchObject({ seen: 10_001, matched: 10_000, shown: maxBurst });
  expect(offer(share, 0, 100_100)).toBeUndefined();
});

test("an event whose data is still being read is counted when it is there", () => {
  const share = createShare(0);
  share.fits(1);
  expect(offer(share, 0, 2)).toBeUndefined();
  share.take(event);
  expect(offer(share, 0, 3)).toMatchObject({ seen: 1, matched: 1, shown: 1, events: [event] });
});

test("a filter compares types, also by their beginning, keys, status and text", () => {
  const filter = (given: object) => filterShape.parse(given);
  expect(fitsHead(filter({}), event)).toBe(true);
  expect(fitsHead(filter({ type: "safety.*" }), event)).toBe(true);
  expect(fitsHead(filter({ type: "safety" }), event)).toBe(false);
  expect(fitsHead(filter({ key: "rdr_1", status: "accepted" }), event)).toBe(true);
  expect(fitsHead(filter({ key: "rdr_2" }), event)).toBe(false);
  expect(fitsHead(filter({ status: "quarantined" }), event)).toBe(false);
  expect(fitsText(filter({ text: "SOS_9" }), ["a", '{"sos_id":"sos_9"}'])).toBe(true);
  expect(fitsText(filter({ text: "sos_8" }), ['{"sos_id":"sos_9"}'])).toBe(false);
  expect(filterShape.safeParse({ status: "other" }).success).toBe(false);
  expect(filterShape.safeParse({ type: ["a", "b"] }).success).toBe(false);
});

const data = { sos_id: "sos_1", person_id: "rdr_secret", reported_by: "rider", latitude: 40.7, longitude: -74.25 };

function recordOf(value: Buffer, headers: Record<string, string>) {
  const record = { offset: "7", timestamp: "1764201600000", key: Buffer.from("rdr_secret"), value, headers };
  return { topic: "safety", partition: 2, record };
}

function sos() {
  const headers = { ce_id: "id-1", ce_type: "safety.sos", ce_subject: "rdr_secret", ce_time: "2026-11-27T00:00:00Z" };
  return recordOf(schemas.encode("safety.sos", data), headers);
}

const told = (placed: ReturnType<typeof recordOf>, status: EventStatus) =>
  describe(placed, headOf(placed, status), schemas);

test("the role operate sees an event whole, with the release of its schema", async () => {
  const placed = sos();
  expect(headOf(placed, "accepted")).toEqual({
    ...{ topic: "safety", partition: 2, offset: "7", status: "accepted", id: "id-1", type: "safety.sos" },
    ...{ key: "rdr_secret", time: "2026-11-27T00:00:00Z", arrivedAt: 1_764_201_600_000 },
  });
  const { open, problem } = await told(placed, "accepted");
  expect([JSON.parse(open.data), open.key, problem]).toMatchObject([data, "rdr_secret", undefined]);
  const detail = await detailOf(placed, "accepted", schemas, true);
  expect(detail).toMatchObject({ data, schema: { name: "hailstream.events.SafetySos", version: 1 }, masked: [] });
  expect(Buffer.from(detail.bytes ?? "", "base64")).toEqual(placed.record.value);
});

test("the role view sees no personal value, wherever it stands", async () => {
  const placed = sos();
  const detail = await detailOf(placed, "accepted", schemas, false);
  const { masked } = await told(placed, "accepted");
  for (const text of [JSON.stringify(detail), JSON.stringify(masked)]) {
    expect(text).not.toContain("rdr_secret");
    expect(text).not.toContain("-74.25");
  }
  expect(masked.key).toBe(maskText);
  expect(detail.masked).toEqual(expect.arrayContaining(["person_id", "latitude", "longitude"]));
  expect(detail.data).toMatchObject({ reported_by: "rider" });
  expect(detail.bytes).toBeUndefined();
});

test("a key that the schema does not call personal is for everybody, unless it was never checked", () => {
  const headers = { ce_id: "id-1", ce_type: "city", ce_subject: "nyc" };
  const placed = recordOf(schemas.encode("safety.sos", data), headers);
  expect(maskedKey(headOf(placed, "accepted"), schemas)).toBe("nyc");
  expect(maskedKey(headOf(placed, "quarantined"), schemas)).toBe(maskText);
});

test("what is in quarantine has its reason; of no schema, it is all personal", async () => {
  const { key, value, headers } = quarantineRecord({
    ...{ eventId: "id-2", type: "safety.sos", source: "/test", time: "2026-11-27T00:00:00Z", subject: "rdr_secret" },
    ...{ code: "event_type_unknown", violations: [{ code: "event_type_unknown", actual: "rdr_secret" } as never] },
    ...{ keyName: "demo", stage: "test", receivedAt: 1, original: Buffer.from('{"data":{"person_id":"rdr_secret"}}') },
  });
  const record = { offset: "7", timestamp: "1", key: Buffer.from(key), value, headers };
  const placed = { topic: "quarantine", partition: 0, record };
  const status = statusOf("quarantine");
  const whole = await detailOf(placed, status, schemas, true);
  expect(whole).toMatchObject({ problem: "event_type_unknown", data: { data: { person_id: "rdr_secret" } } });
  expect(JSON.stringify(await detailOf(placed, status, schemas, false))).not.toContain("rdr_secret");
  const { open, masked } = await told(placed, status);
  expect(open.data).toContain("rdr_secret");
  expect(JSON.stringify(masked)).not.toContain("rdr_secret");
});

test("bytes that nobody can read are an event like all others, with the reason", async () => {
  const placed = recordOf(Buffer.from("no avro"), {});
  expect(headOf(placed, "accepted")).toMatchObject({ id: "–", type: "–" });
  expect(await told(placed, "accepted")).toMatchObject({
    ...{ open: { data: "" }, masked: { key: maskText, data: "" } },
    problem: expect.stringMatching(/^cannot be decoded: ./),
  });
  const detail = await detailOf(placed, "accepted", schemas, true);
  expect(detail.problem).toMatch(/^cannot be decoded: ./);
  expect(detail.data).toBeUndefined();
});
