import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { headerText } from "../../kafka/index.ts";
import { type AnswerBody, idsOf, openDoor, recordsOf } from "./door.ts";
import { locationEvent } from "./knowledge.ts";

const addresses = { kafka: inject("kafka"), registry: inject("registry") };
const statuses = (body: AnswerBody) => body.results.map(({ status }) => status);

test("an event posted again is a duplicate, also after a restart; another one under its id is a conflict", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hailstream-window-"));
  const open = () => openDoor(addresses, { "ingest-data-dir": dataDir });
  const prefix = randomUUID();
  const uuid = randomUUID();
  const events = [uuid, `${prefix}-text`, `${prefix}-last`].map((id) => locationEvent({ id }));
  const other = locationEvent({ id: uuid, data: { driver_id: "drv_1", latitude: 1, longitude: 2 } });
  try {
    let door = await open();
    expect(statuses((await door.post(events)).body)).toEqual(["accepted", "accepted", "accepted"]);
    const again = await door.post(events);
    expect(again.status).toBe(202);
    expect(again.headers.get("hailstream-results")).toBe("duplicate=3");
    expect(again.body).toMatchObject({ accepted: 0, duplicate: 3 });
    expect(again.body.results[0]).toEqual({
      index: 0,
      id: uuid,
      status: "duplicate",
      schema_id: door.schemas.schemaIdOf("driver.location"),
    });
    await door.close();

    door = await open();
    expect(statuses((await door.post(events)).body)).toEqual(["duplicate", "duplicate", "duplicate"]);
    const conflict = await door.post([other, locationEvent({ id: `${prefix}-new` })]);
    expect(conflict.status).toBe(207);
    expect(conflict.body.results).toMatchObject([
      { id: uuid, status: "quarantined", code: "id_conflict", pointer: "/id" },
      { status: "accepted" },
    ]);
    const metrics = await (await fetch(`${door.url}/metrics`)).text();
    expect(metrics).toMatch(/hailstream_ingest_events_total\{type="driver.location",result="duplicate",code=""\} 3/);
    expect(metrics).toMatch(/hailstream_ingest_duplicate_window_ids [34]\n/);

    const records = await recordsOf(door.connection, ["driver-locations"], prefix, 3);
    expect(idsOf(records)).toEqual([`${prefix}-last`, `${prefix}-new`, `${prefix}-text`]);
    await door.close();
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

test("of a hundred requests at once with the same event one stores it and the others say so", async () => {
  const door = await openDoor(addresses);
  const id = randomUUID();
  const answers = await Promise.all(Array.from({ length: 100 }, () => door.post(locationEvent({ id }))));
  const found = answers.flatMap(({ body }) => statuses(body)).sort();
  expect(found).toEqual(["accepted", ...Array<string>(99).fill("duplicate")]);
  const records = await recordsOf(door.connection, ["driver-locations"], id, 1);
  expect(records.map((record) => headerText(record, "ce_id"))).toEqual([id]);
  await door.close();
});
