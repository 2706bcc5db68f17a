import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { headerText } from "../../kafka/index.ts";
import { exampleOf } from "../../schemas/index.ts";
import { type AnswerBody, type Door, idsOf, openDoor, recordsOf } from "./door.ts";
import { locationEvent } from "./knowledge.ts";

let door: Door;
beforeAll(async () => {
  door = await openDoor({ kafka: inject("kafka"), registry: inject("registry") });
});
afterAll(() => door?.close());

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("an accepted event is in Kafka once, with its envelope, its key and a value that decodes", async () => {
  const id = randomUUID();
  const event = locationEvent({ id, time: "2026-11-22T22:11:41.123456+01:00" });
  const before = Date.now();
  const { status, body } = await door.post(event, { traceparent });
  expect(status).toBe(202);
  const schemaId = door.schemas.schemaIdOf("driver.location");
  expect(body).toEqual({
    accepted: 1,
    rejected: 0,
    results: [{ index: 0, id, status: "accepted", schema_id: schemaId }],
  });

  const records = await recordsOf(door.connection, ["driver-locations"], id, 1);
  expect(records).toHaveLength(1);
  const [record] = records;
  const header = (name: string) => headerText({ headers: record?.headers ?? {} }, name);
  expect(record?.key?.toString()).toBe("drv_1");
  expect(header("ce_type")).toBe("driver.location");
  expect(header("ce_source")).toBe("/apps/driver/ios/6.1.2");
  expect(header("ce_time")).toBe("2026-11-22T22:11:41.123456+01:00");
  expect(header("ce_subject")).toBe("drv_1");
  expect(header("traceparent")).toBe(traceparent);
  expect(Number(header("received_at"))).toBeGreaterThanOrEqual(before);
  const decoded = await door.schemas.decode(record?.value ?? Buffer.alloc(0));
  expect(decoded).toMatchObject({ ok: true, schemaId, value: event.data });
});

test("the time of an event is corrected by when the request was sent, and a repetition does not change it", async () => {
  const id = randomUUID();
  const ahead = 12 * 3_600_000;
  const device = (time: number) => new Date(time + ahead).toISOString();
  const begun = Date.now();
  const happened = begun - 60_000;
  const event = locationEvent({ id, time: device(happened) });
  const first = await door.post(event, { "sent-at": device(Date.now()) });
  expect(first.body.results).toMatchObject([{ status: "accepted" }]);
  // Next to nothing, unless the machine stood still: then the request was longer under way than is assumed of any.
  const elapsed = Date.now() - begun;
  const again = await door.post(event, { "sent-at": device(Date.now() - 3_000) });
  expect(again.body.results).toMatchObject([{ status: "duplicate" }]);
  await door.post(locationEvent({ id: `${id}-without` }), { "sent-at": "soon" });

  const records = await recordsOf(door.connection, ["driver-locations"], id, 2);
  const header = (of: string, name: string) => {
    const record = records.filter((each) => headerText(each, "ce_id") === of);
    expect(record).toHaveLength(1);
    return headerText({ headers: record[0]?.headers ?? {} }, name);
  };
  expect(header(id, "ce_time")).toBe(device(happened));
  expect(header(id, "time_flag")).toBe("future");
  const error = Number(header(id, "time_error_ms"));
  expect(error).toBeLessThan(5_000 + elapsed);
  expect(Math.abs(Number(header(id, "time_corrected")) - happened)).toBeLessThanOrEqual(error + elapsed);
  expect(header(`${id}-without`, "time_corrected")).toBeUndefined();
  const metrics = await (await fetch(`${door.url}/metrics`)).text();
  expect(metrics).toMatch(/hailstream_ingest_sent_at_total\{header="used"\} 2/);
  expect(metrics).toMatch(/hailstream_ingest_sent_at_total\{header="invalid"\} 1/);
});

test("an example of every type that apps send is accepted", async () => {
  const types = [...door.schemas.catalogue.types.values()].filter((type) => type.kind !== "derived");
  const prefix = randomUUID();
  const events = types.map((type, i) =>
    locationEvent({ id: `${prefix}-${i}`, type: type.name, data: exampleOf(type) }),
  );
  const { status, body } = await door.post(events);
  expect(body.results.filter((result) => result.status !== "accepted")).toEqual([]);
  expect(status).toBe(202);
  const records = await recordsOf(
    door.connection,
    [...new Set(types.map((type) => type.topic))],
    prefix,
    events.length,
  );
  expect(idsOf(records)).toEqual(events.map((event) => event.id).sort());
});

test("random batches: results in order, every valid event in Kafka exactly once, no invalid one", async () => {
  const prefix = randomUUID();
  let serial = 0;
  const good = fc
    .constant(true)
    .map(() => ({ event: locationEvent({ id: `${prefix}-${serial++}` }) as unknown, good: true }));
  const bad = fc
    .oneof(
      fc.jsonValue(),
      fc
        .constantFrom("specversion", "type", "source", "time", "data")
        .map((name) => locationEvent({ id: `${prefix}-bad`, [name]: undefined })),
    )
    .map((event) => ({ event: event as unknown, good: false }));
  const expected: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(good, bad), { minLength: 1, maxLength: 30 }), async (items) => {
      const { status, body } = await door.post(items.map(({ event }) => event));
      expect(body.results.map(({ index }) => index)).toEqual(items.map((_, index) => index));
      expect(body.results.map((result) => result.status === "accepted")).toEqual(items.map((item) => item.good));
      const goods = items.filter((item) => item.good).map(({ event }) => (event as { id: string }).id);
      expect(status).toBe(goods.length === items.length ? 202 : goods.length === 0 ? 422 : 207);
      expected.push(...goods);
    }),
    { numRuns: 100, endOnFailure: true },
  );
  const records = await recordsOf(door.connection, ["driver-locations"], prefix, expected.length);
  expect(idsOf(records)).toEqual(expected.sort());
});

test("events that share a key keep the order of the requests", async () => {
  const prefix = randomUUID();
  const event = (n: number) => locationEvent({ id: `${prefix}-${String(n).padStart(4, "0")}` });
  for (let request = 0; request < 5; request++) {
    await door.post(Array.from({ length: 40 }, (_, i) => event(request * 40 + i)));
  }
  const records = await recordsOf(door.connection, ["driver-locations"], prefix, 200);
  const ids = records.map((record) => headerText(record, "ce_id"));
  expect(ids).toEqual([...ids].sort());
});

test("gzip is taken, and a bomb is refused before it fills memory", async () => {
  const event = locationEvent({ id: randomUUID() });
  const gzip = { "content-encoding": "gzip" };
  expect(await door.post(gzipSync(JSON.stringify(event)), gzip)).toMatchObject({ status: 202 });
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
  expect(await door.post(bomb, gzip)).toMatchObject({ status: 413, body: { code: "request_inflated_too_large" } });
  expect(await door.post("no gzip", gzip)).toMatchObject({ status: 400, body: { code: "request_gzip_invalid" } });
  expect(await door.post("{}", { "content-encoding": "br" })).toMatchObject({
    status: 415,
    body: { code: "request_encoding_unsupported" },
  });
});

test("without a known key there is 401, whatever the body, and the key is not repeated", async () => {
  for (const authorization of [undefined, "Bearer hsk_guessed", "Basic abc"]) {
    const answer = await door.post(locationEvent({ id: randomUUID() }), { authorization });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.stringify(answer.body)).not.toContain("hsk_guessed");
  }
});

test.each([
  ["no JSON", "{", {}, 400, "request_json_invalid"],
  ["nothing", "", {}, 400, "request_body_empty"],
  ["an array as one event", "[]", { "content-type": "application/cloudevents+json" }, 400, "request_shape_invalid"],
  [
    "an object as a batch",
    "{}",
    { "content-type": "application/cloudevents-batch+json" },
    400,
    "request_shape_invalid",
  ],
  ["text", "hello", { "content-type": "text/plain" }, 415, "request_media_type_unsupported"],
  ["a body that is too large", " ".repeat(4 * 1024 * 1024 + 1), {}, 413, "request_body_too_large"],
  ["too many events", JSON.stringify(Array(1_001).fill(0)), {}, 413, "request_too_many_events"],
] as const)("%s", async (_name, text, headers, status, code) => {
  const answer = await door.post(text, headers);
  expect(answer).toMatchObject({ status, body: { code, status } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

test("the docs link of an answer leads to the page of its code", async () => {
  const { body } = await door.post("{");
  const page = await fetch(new URL(body.docs ?? "", door.url));
  expect(await page.json()).toMatchObject({ code: "request_json_invalid", retryable: false });
});

test("other paths and methods are problems too", async () => {
  expect(await (await fetch(`${door.url}/v2/events`)).json()).toMatchObject({ code: "request_path_unknown" });
  const get = await fetch(`${door.url}/v1/events`);
  expect(get.status).toBe(405);
  expect(get.headers.get("allow")).toBe("POST");
});

test("the CloudEvents client for JavaScript posts to it unchanged", async () => {
  const id = randomUUID();
  const emit = emitterFor(httpTransport(`${door.url}/v1/events`), { mode: Mode.STRUCTURED });
  const event = new CloudEvent({
    id,
    type: "driver.location",
    source: "/apps/driver/web/1.0.0",
    subject: "drv_9",
    data: { driver_id: "drv_9", latitude: 1, longitude: 2 },
  });
  const answer = (await emit(event, { headers: { authorization: `Bearer ${door.key}` } })) as { body: string };
  expect((JSON.parse(answer.body) as AnswerBody).results).toMatchObject([{ id, status: "accepted" }]);
  expect(idsOf(await recordsOf(door.connection, ["driver-locations"], id, 1))).toEqual([id]);
});

test("metrics count requests by status and events by result and code", async () => {
  await door.post([locationEvent({ id: randomUUID() }), 7]);
  const text = await (await fetch(`${door.url}/metrics`)).text();
  expect(text).toMatch(/hailstream_ingest_requests_total\{status="207"\} [1-9]/);
  expect(text).toMatch(/hailstream_ingest_events_total\{type="driver.location",result="accepted",code=""\} [1-9]/);
  expect(text).toMatch(
    /hailstream_ingest_events_total\{type="unknown",result="rejected",code="event_not_object"\} [1-9]/,
  );
  expect(text).toMatch(/hailstream_ingest_in_flight_requests 0/);
  const page = await readFile("docs/metrics.md", "utf8");
  const exposed = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  expect(exposed.length).toBeGreaterThan(8);
  expect(exposed.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("/ready says 200 while Kafka is connected", async () => {
  expect((await fetch(`${door.url}/ready`)).status).toBe(200);
});
