import { expect, test } from "vitest";
import { acceptEvents } from "../../../ingest/events/accept-event.ts";
import { avroItems, withInlineAvro } from "../../../ingest/formats/avro.ts";
import { anySender } from "../../../ingest/identity/sender.ts";
import { type ErrorCode, PipelineError } from "../../../runtime/index.ts";
import type { Decoded, EventType } from "../../../schemas/index.ts";
import { offlineKnowledge } from "../knowledge.ts";

const { types } = offlineKnowledge().catalogue;
const location = types.get("driver.location") as EventType;
const headers = ["ce-specversion", "1.0", "ce-id", "a", "ce-type", "driver.location"];
const body = Buffer.from([0, 0, 0, 0, 7, 1, 2, 3]);
const value = { driver_id: "drv_1", latitude: 1, longitude: 2 };
const good: Decoded = { ok: true, type: location, variant: "base", schemaId: 7, value };
const read = (decoded: Decoded, rawHeaders = headers) => avroItems(rawHeaders, body, () => decoded, 100);

test("the data is what the schema reads, the envelope is in the headers", async () => {
  const items = await read(good);
  expect(items.values).toEqual([{ specversion: "1.0", id: "a", type: "driver.location", data: value }]);
  expect(items).toMatchObject({ escapes: true });
  expect(items.problems).toBeUndefined();
});

const refusal = (code: ErrorCode): Decoded => ({ ok: false, code, reason: "why" });

test.each([
  ["bytes without framing", refusal("record_framing_invalid"), "event_avro_invalid", "/data"],
  ["bytes that do not fit", refusal("record_bytes_invalid"), "event_avro_invalid", "/data"],
  ["no such schema", refusal("record_schema_unknown"), "event_schema_unknown", "/data"],
  ["a schema of no type of ours", refusal("record_type_unknown"), "event_schema_unknown", "/data"],
  ["an enriched event", { ...good, variant: "enriched" } as Decoded, "event_schema_mismatch", "/data"],
  [
    "another type's schema",
    { ...good, type: types.get("trip.rated") as EventType } as Decoded,
    "event_schema_mismatch",
    "/type",
  ],
])("%s is a problem of the event, whose id is still known", async (_name, decoded, code, pointer) => {
  const items = await read(decoded);
  expect(items.problems?.get(0)).toMatchObject({ code, pointer });
  expect(items.values).toMatchObject([{ id: "a", type: "driver.location" }]);
});

test("a body above the limit of one event is not decoded", async () => {
  const decode = () => {
    throw new Error("decoded");
  };
  const items = await avroItems(headers, Buffer.alloc(101), decode, 100);
  expect(items.problems?.get(0)).toMatchObject({ code: "event_too_large" });
});

test("while the registry cannot be asked about a new schema, the event is to be sent again", async () => {
  const decode = () => Promise.reject(new PipelineError("schema_registry_unreachable"));
  const items = await avroItems(headers, body, decode, 100);
  expect(items.problems?.get(0)).toMatchObject({ code: "event_schema_unavailable" });
  const limits = {
    maxEventBytes: 1_000,
    maxDepth: 8,
    maxKeys: 100,
    maxTextChars: 1_000,
    maxFutureMs: 0,
    futureFlagMs: 0,
    pastFlagMs: 0,
  };
  const verdicts = acceptEvents(items, offlineKnowledge(), limits, { receivedAt: 0 }, anySender("app"));
  expect(verdicts).toMatchObject([{ outcome: "retry", id: "a", code: "event_schema_unavailable" }]);
});

test("its bytes are the event in structured mode with the Avro as it was sent", async () => {
  expect(JSON.parse((await read(good)).bytesOf(0).toString())).toEqual({
    specversion: "1.0",
    id: "a",
    type: "driver.location",
    datacontenttype: "application/avro",
    data_base64: body.toString("base64"),
  });
});

const inline = {
  specversion: "1.0",
  id: "a",
  type: "driver.location",
  datacontenttype: "application/avro",
  data_base64: body.toString("base64"),
};
const itemsOf = (...values: unknown[]) => ({
  values,
  escapes: false,
  onlyJson: Buffer.from("{}"),
  bytesOf: () => Buffer.from("original"),
});

test("an event in structured mode may hold Avro, beside events that hold JSON", async () => {
  const plain = { id: "b", data: {} };
  const seen: Buffer[] = [];
  const decode = (bytes: Buffer) => {
    seen.push(bytes);
    return good;
  };
  const items = await withInlineAvro(itemsOf(plain, inline, 7), decode, 100);
  expect(items.values).toEqual([plain, { specversion: "1.0", id: "a", type: "driver.location", data: value }, 7]);
  expect(seen).toEqual([body]);
  expect(items).toMatchObject({ escapes: true });
  // The JSON text shows nothing of what the Avro holds.
  expect(items.onlyJson).toBeUndefined();
  expect(items.bytesOf(1).toString()).toBe("original");
});

test("inline Avro that cannot be read is the problem of its event alone", async () => {
  const items = await withInlineAvro(itemsOf(inline, { ...inline, type: "x" }), () => good, 100);
  expect([...(items.problems ?? [])].map(([index, { code }]) => [index, code])).toEqual([[1, "event_schema_mismatch"]]);
});

test("other items are left as they are, without waiting", () => {
  const items = itemsOf(null, 7, { data_base64: "e30=" }, { ...inline, data_base64: 7 }, { data: {} });
  expect(withInlineAvro(items, () => good, 100)).toBe(items);
});
