import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics, type Metrics, silentLogger } from "../../../runtime/index.ts";
import { type Quarantined, quarantineRecord } from "../../../schemas/index.ts";
import { createQuarantineSink, createSinkRunner } from "../../../sinks/index.ts";
import { createDatabase } from "../../../store/index.ts";
import { eventually } from "../../support/wait.ts";
import {
  asAnalyst,
  connection,
  createTestDatabase,
  createTopic,
  produce,
  storedUpTo,
  type TestDatabase,
} from "../pipeline.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("quarantine_sink");
});
afterAll(() => db?.drop());

const run = randomUUID();
const topic = `quarantine-${run}`;

const entry = (id: string, changes: Partial<Quarantined> = {}): Omit<Quarantined, "quarantineId"> => ({
  eventId: id,
  type: "driver.location",
  source: "/apps/driver/ios/6.1.2",
  time: "2026-11-22T21:11:41.123Z",
  code: "event_type_mismatch",
  violations: [
    { code: "event_type_mismatch", pointer: "/data/latitude", expected: "a number", got: '"north"', message: "No." },
  ],
  schemaId: 7,
  keyName: "driver-app",
  stage: "live",
  receivedAt: Date.parse("2026-11-22T21:11:42Z"),
  original: Buffer.from(`{ "id" : "${id}" }`),
  ...changes,
});

async function startSink(groupId: string, metrics: Metrics) {
  const failures: unknown[] = [];
  const service = createSinkRunner({
    name: "quarantine sink",
    connection: connection(),
    db: db.sink,
    sink: createQuarantineSink(metrics),
    groupId,
    topics: [topic],
    log: silentLogger,
    metrics,
  });
  await service.start((cause) => failures.push(cause));
  return { service, failures };
}

test("each event is one row, however often it is sent or read; poison is a dead letter and holds nothing up", async () => {
  await createTopic(topic, 2);
  const ids = Array.from({ length: 300 }, (_, n) => `e-${n}`);
  const good = ids.map((id) => quarantineRecord(entry(id)));
  const again = quarantineRecord(entry("e-7", { receivedAt: Date.parse("2026-11-23T00:00:00Z") }));
  const unreadable = { key: "x", value: Buffer.from("{}"), headers: { ce_id: "x" } };
  // What ingest does not write: a type that no database holds.
  const poison = quarantineRecord(entry("poison"));
  const refused = { ...poison, headers: { ...poison.headers, ce_type: Buffer.from([0x61, 0, 0x62]) } };
  const records = [...good, again, unreadable, refused];
  await produce(topic, records);
  const metrics = createMetrics();
  const first = await startSink(`a-${run}`, metrics);
  await eventually(async () => expect(await storedUpTo(db, `a-${run}`)).toBe(records.length));
  await first.service.stop();

  const rows = await db.owner.query<{ event_id: string }>("select * from quarantine.events");
  expect(rows.map((row) => row.event_id).sort()).toEqual([...ids].sort());
  expect(rows.find((row) => row.event_id === "e-7")).toMatchObject({
    quarantine_id: again.key,
    state: "open",
    code: "event_type_mismatch",
    violations: [{ pointer: "/data/latitude", got: '"north"' }],
    time: "2026-11-22T21:11:41.123Z",
    schema_id: 7,
    key_name: "driver-app",
    stage: "live",
    token_subject: null,
    original: Buffer.from('{ "id" : "e-7" }'),
    times_seen: 2,
    received_at: new Date("2026-11-22T21:11:42Z"),
    last_received_at: new Date("2026-11-23T00:00:00Z"),
    attempts: 0,
  });
  const letters = "select reason, sql_state from pipeline.dead_letters where topic = $1 order by reason";
  expect(await db.owner.query(letters, [topic])).toEqual([
    { reason: "sink_envelope_invalid", sql_state: null },
    { reason: "store_rejected", sql_state: "22021" },
  ]);
  expect(first.failures).toEqual([]);
  const counts = await metrics.registry.getSingleMetric("hailstream_sinks_quarantined_total")?.get();
  const isNew = counts?.values.find(({ labels }) => labels.outcome === "new");
  expect(isNew).toMatchObject({ labels: { code: "event_type_mismatch" }, value: 300 });

  // A sink that has lost its checkpoint reads everything once more.
  const second = await startSink(`b-${run}`, createMetrics());
  await eventually(async () => expect(await storedUpTo(db, `b-${run}`)).toBe(records.length));
  await second.service.stop();
  expect(await db.owner.query("select count(*)::int as n from quarantine.events")).toEqual([{ n: 300 }]);
  expect(second.failures).toEqual([]);
});

test("analysts do not see it, and the sink's role changes nothing of an event", async () => {
  const analyst = createDatabase({
    name: "analyst",
    url: asAnalyst(db.ownerUrl),
    log: silentLogger,
    metrics: createMetrics(),
  });
  await analyst.start(() => undefined);
  await expect(analyst.query("select from quarantine.events")).rejects.toThrow("permission denied");
  await analyst.stop();
  await expect(db.sink.execute("update quarantine.events set original = ''")).rejects.toThrow("permission denied");
  await expect(db.sink.execute("delete from quarantine.events")).rejects.toThrow("permission denied");
});
