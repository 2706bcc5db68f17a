import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Analytics } from "@segment/analytics-node";
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { headerText } from "../../kafka/index.ts";
import { type EventType, exampleOf } from "../../schemas/index.ts";
import { type AnswerBody, type Door, idsOf, openDoor, recordsOf } from "./door.ts";
import { locationEvent } from "./knowledge.ts";

let door: Door;
beforeAll(async () => {
  door = await openDoor({ kafka: inject("kafka"), registry: inject("registry") });
});
afterAll(() => door?.close());

const data = { driver_id: "drv_9", latitude: 1, longitude: 2 };

/** The `ce-` headers of a driver's location. */
function attributes(id: string, changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    "ce-specversion": "1.0",
    "ce-id": id,
    "ce-type": "driver.location",
    "ce-source": "/apps/driver/ios/6.1.2",
    "ce-time": "2026-11-22T22:11:41.123456+01:00",
    ...changes,
  };
}

test.each([Mode.BINARY, Mode.STRUCTURED])(
  "the CloudEvents client for JavaScript posts to it unchanged, %s",
  async (mode) => {
    const id = randomUUID();
    const emit = emitterFor(httpTransport(`${door.url}/v1/events`), { mode });
    const event = new CloudEvent({
      id,
      type: "driver.location",
      source: "/apps/driver/web/1.0.0",
      subject: "drv_9",
      data,
    });
    const answer = (await emit(event, { headers: { authorization: `Bearer ${door.key}` } })) as { body: string };
    expect((JSON.parse(answer.body) as AnswerBody).results).toMatchObject([{ id, status: "accepted" }]);
    const records = await recordsOf(door.connection, ["driver-locations"], id, 1);
    expect(idsOf(records)).toEqual([id]);
    expect(headerText(records[0] as { headers: Record<string, Buffer> }, "ce_subject")).toBe("drv_9");
  },
);

test("in binary mode the envelope comes from decoded headers and the data from the body", async () => {
  const id = randomUUID();
  const headers = attributes(`${id}%20%E2%82%AC`, { "ce-subject": "drv_9" });
  const { status, body } = await door.post(data, headers);
  expect(body.results).toMatchObject([{ index: 0, id: `${id} €`, status: "accepted" }]);
  expect(status).toBe(202);
  const [record] = await recordsOf(door.connection, ["driver-locations"], id, 1);
  const header = (name: string) => headerText({ headers: record?.headers ?? {} }, name);
  expect(header("ce_time")).toBe("2026-11-22T22:11:41.123456+01:00");
  expect(header("ce_source")).toBe("/apps/driver/ios/6.1.2");
  expect(header("ce_subject")).toBe("drv_9");
  expect(await door.schemas.decode(record?.value ?? Buffer.alloc(0))).toMatchObject({ ok: true, value: data });

  const wrong = await door.post({ ...data, latitude: "north" }, attributes(id, { "ce-subject": "%FF" }));
  expect(wrong).toMatchObject({ status: 422, body: { results: [{ id, code: "event_attribute_invalid" }] } });
});

test("Avro in Confluent framing is taken under any registered schema of the type, and no other", async () => {
  const id = randomUUID();
  const avro = (headers: Record<string, string>, bytes: Buffer) =>
    door.post(bytes, { ...headers, "content-type": "application/avro" });
  const framed = door.schemas.encode("driver.location", data);
  expect(await avro(attributes(id), framed)).toMatchObject({
    status: 202,
    body: { results: [{ id, status: "accepted", schema_id: framed.readInt32BE(1) }] },
  });
  const records = await recordsOf(door.connection, ["driver-locations"], id, 1);
  expect(records.map((record) => record.value)).toEqual([framed]);

  // As CloudEvents' JSON format has it, in a batch with others.
  const inline = { datacontenttype: "application/avro", data_base64: framed.toString("base64"), data: undefined };
  const batch = [locationEvent({ ...inline, id: `${id}-2` }), locationEvent({ id: `${id}-3` })];
  expect((await door.post(batch)).body.results).toMatchObject([{ status: "accepted" }, { status: "accepted" }]);

  const unknown = Buffer.from(framed);
  unknown.writeInt32BE(2_000_000_000, 1);
  const other = door.schemas.encode("driver.status", { driver_id: "drv_9", status: "open" });
  const notFinite = door.schemas.encode("driver.location", { ...data, latitude: Number.NaN });
  for (const [bytes, code] of [
    [unknown, "event_schema_unknown"],
    [other, "event_schema_mismatch"],
    [framed.subarray(0, -1), "event_avro_invalid"],
    [notFinite, "event_avro_invalid"],
    [Buffer.from("{}"), "event_avro_invalid"],
  ] as const) {
    expect(await avro(attributes(`${id}-${code}`), bytes)).toMatchObject({
      status: 422,
      body: { results: [{ code }] },
    });
  }
});

test("a stream of lines is stored in order, and each line has its result", async () => {
  const prefix = randomUUID();
  const lines = Array.from({ length: 3_000 }, (_, i) =>
    i % 10 === 9 ? "no JSON" : JSON.stringify(locationEvent({ id: `${prefix}-${String(i).padStart(5, "0")}` })),
  );
  const response = await fetch(`${door.url}/v1/events`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${door.key}`,
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
    },
    body: gzipSync(lines.join("\n")),
  });
  expect(response.status).toBe(200);
  const answers = (await response.text())
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text) as Answer);
  const { summary } = answers.pop() as Answer;
  expect(summary).toMatchObject({ complete: true, lines: 3_000, accepted: 2_700, rejected: 300 });
  expect(answers.map(({ index, status }) => [index, status])).toEqual(
    lines.map((_, index) => [index, index % 10 === 9 ? "rejected" : "accepted"]),
  );
  const records = await recordsOf(door.connection, ["driver-locations"], prefix, 2_700);
  const ids = records.map((record) => headerText(record, "ce_id"));
  expect(ids).toEqual(lines.flatMap((_, i) => (i % 10 === 9 ? [] : [`${prefix}-${String(i).padStart(5, "0")}`])));
});

type Answer = { readonly index: number; readonly status: string; readonly summary: Record<string, unknown> };

test("Segment's client for Node posts to it unchanged", async () => {
  const analytics = new Analytics({ writeKey: door.key, host: door.url, flushAt: 3, maxRetries: 0 });
  const statuses: number[] = [];
  analytics.on("http_response", ({ status }) => statuses.push(status));
  const errors: unknown[] = [];
  analytics.on("error", (error) => errors.push(error));
  const properties = { ...exampleOf(typeOf("trip.requested")), trip_id: `trp_${randomUUID()}` };
  const prefix = randomUUID();
  const timestamp = new Date("2026-11-22T21:11:41.123Z");
  analytics.track({ event: "Trip Requested", userId: "rdr_7", properties, messageId: `${prefix}-1`, timestamp });
  analytics.track({ event: "trip.requested", anonymousId: "x", properties, messageId: `${prefix}-2`, timestamp });
  analytics.identify({ userId: "rdr_7", traits: { plan: "gold" }, messageId: `${prefix}-3` });
  await analytics.closeAndFlush({ timeout: 10_000 });
  expect(errors).toEqual([]);
  expect(statuses).toEqual([200]);

  const records = await recordsOf(door.connection, ["trip-events"], prefix, 2);
  expect(idsOf(records)).toEqual([`${prefix}-1`, `${prefix}-2`]);
  const [record] = records;
  const header = (name: string) => headerText({ headers: record?.headers ?? {} }, name);
  expect(header("ce_type")).toBe("trip.requested");
  expect(header("ce_time")).toBe("2026-11-22T21:11:41.123Z");
  expect(header("ce_subject")).toBe("rdr_7");
  expect(header("ce_source")).toMatch(/^\/segment\/@segment\/analytics-node\/\d/);
});

function typeOf(name: string): EventType {
  return door.schemas.catalogue.types.get(name) as EventType;
}

/** Posts to a path of Segment's API as its clients do. */
async function postSegment(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${door.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as AnswerBody & { success?: boolean } };
}

test("a call of Segment's API is answered with its results, and the key may be in the body", async () => {
  const basic = { authorization: `Basic ${btoa(`${door.key}:`)}` };
  const messageId = randomUUID();
  const call = { event: "Driver Location", messageId, timestamp: "2026-11-22T21:11:41Z", userId: "drv_9" };
  expect(await postSegment("/v1/track", { ...call, properties: data }, basic)).toMatchObject({
    status: 200,
    body: { success: true, accepted: 1, results: [{ id: messageId, status: "accepted" }] },
  });
  const again = { ...call, properties: data, sentAt: new Date().toISOString(), writeKey: door.key };
  expect(await postSegment("/v1/t", again)).toMatchObject({
    status: 200,
    body: { results: [{ status: "duplicate" }] },
  });
  const wrong = { ...call, messageId: randomUUID(), properties: { ...data, latitude: "north" } };
  expect(await postSegment("/v1/batch", { batch: [{ ...wrong, type: "track" }] }, basic)).toMatchObject({
    status: 400,
    body: { success: false, results: [{ code: "event_type_mismatch", pointer: "/properties/latitude" }] },
  });
  expect(await postSegment("/v1/identify", { userId: "drv_9" }, basic)).toMatchObject({
    status: 400,
    body: { results: [{ code: "event_id_missing", pointer: "/messageId" }] },
  });
  for (const headers of [{}, { authorization: "Basic !" }, { authorization: `Basic ${btoa("guessed:")}` }]) {
    expect((await postSegment("/v1/track", call, headers)).status).toBe(401);
  }
});
