import { expect, test } from "vitest";
import { type Quarantined, quarantineRecord, readQuarantined } from "../../schemas/index.ts";
import { asRead } from "../support/memory-topics.ts";

const entry: Omit<Quarantined, "quarantineId"> = {
  eventId: "e-1",
  type: "driver.location",
  source: "/apps/driver/ios/6.1.2",
  time: "2026-11-22T21:11:41.123456+01:00",
  subject: "drv_1",
  code: "event_field_unknown",
  violations: [
    {
      code: "event_field_unknown",
      pointer: "/data/sped",
      expected: "a field",
      got: '"sped"',
      message: "No.",
      didYouMean: "speed",
    },
    { code: "event_field_missing", pointer: "/data/latitude", expected: "a number", got: "nothing", message: "No." },
  ],
  schemaId: 7,
  keyName: "driver-app",
  stage: "live",
  tokenSubject: "drv_1",
  receivedAt: 1_700_000_000_000,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  original: Buffer.from('{ "id" : "e-1" }'),
};
const written = (changes: Partial<typeof entry> = {}) => asRead(quarantineRecord({ ...entry, ...changes }), 0);
const idOf = (changes: Partial<typeof entry>) => written(changes).key?.toString();

test("what is written is read again, the bytes untouched", () => {
  const record = written();
  expect(record.value).toBe(entry.original);
  expect(readQuarantined(record)).toEqual({ ...entry, quarantineId: record.key?.toString() });
});

test("what an event does not have is not there afterwards either", () => {
  const { subject: _s, schemaId: _i, tokenSubject: _t, traceparent: _p, ...bare } = entry;
  const record = asRead(quarantineRecord(bare), 0);
  expect(readQuarantined(record)).toEqual({ ...bare, quarantineId: record.key?.toString() });
});

test("the same event, reason and sender are one entry, whenever they come; anything else is another", () => {
  const id = idOf({});
  expect(id).toMatch(/^q_[0-9a-f]{32}$/);
  expect(idOf({ receivedAt: 5, traceparent: "00-1" })).toBe(id);
  const others = [
    idOf({ original: Buffer.from('{"id":"e-1"}') }),
    idOf({ code: "id_conflict" }),
    idOf({ keyName: "rider-app" }),
    idOf({ tokenSubject: "drv_2" }),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});

test("texts that no database holds are replaced, and long ones cut", () => {
  const read = readQuarantined(written({ type: `a\0b${"x".repeat(9_000)}`, keyName: "half \ud800" }));
  expect(read).toMatchObject({ keyName: "half \ufffd" });
  const { type } = read as Quarantined;
  expect(type.startsWith("a\u2400bxx")).toBe(true);
  expect(type).toHaveLength(500);
});

test("a type that is the empty text is one", () => {
  expect(readQuarantined(written({ type: "" }))).toMatchObject({ type: "" });
});

test.each([
  "ce_id",
  "ce_type",
  "ce_source",
  "ce_time",
  "received_at",
  "quarantine_code",
  "quarantine_key_name",
  "quarantine_violations",
])("a record without %s is not of the quarantine", (name) => {
  const record = written();
  expect(readQuarantined({ ...record, headers: { ...record.headers, [name]: undefined } })).toMatchObject({
    missing: expect.stringContaining(name),
  });
});

test.each(["", "[]", "{", "7", "[null]", '[{"pointer":""}]'])("violations that are %j are unreadable", (json) => {
  const record = written();
  const headers = { ...record.headers, quarantine_violations: Buffer.from(json) };
  expect(readQuarantined({ ...record, headers })).toHaveProperty("missing");
});

test("a tombstone is not of the quarantine", () => {
  expect(readQuarantined({ ...written(), value: null })).toHaveProperty("missing");
});
