import { randomUUID } from "node:crypto";
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { headerText } from "../../kafka/index.ts";
import { type AnswerBody, type Door, idsOf, openDoor, recordsOf } from "./door.ts";

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
