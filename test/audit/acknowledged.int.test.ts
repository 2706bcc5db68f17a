import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createAcknowledgedCheck } from "../../audit/acknowledged.ts";
import { createAcknowledgements } from "../../ingest/index.ts";
import { createProducer, type OutgoingRecord } from "../../kafka/index.ts";
import { createMetrics, type Service, silentLogger } from "../../runtime/index.ts";
import { acknowledgementTopic } from "../../schemas/index.ts";
import { connection, createTestDatabase, createTopic, eventRecord, type TestDatabase } from "../sinks/pipeline.ts";
import { createFixture, type Fixture } from "../stream/fixture.ts";
import { eventually } from "../support/wait.ts";

const unique = `${process.pid}-${Date.now()}`;
const topic = `acknowledged-${unique}`;
const log = silentLogger;

let db: TestDatabase;
let fixture: Fixture;
const running: Service[] = [];

beforeAll(async () => {
  db = await createTestDatabase("acknowledged");
  fixture = await createFixture(inject("kafka"), [acknowledgementTopic]);
  await createTopic(topic, 3);
});

afterAll(async () => {
  for (const service of running.reverse()) await service.stop();
  await fixture.stop();
  await db.drop();
});

const pings = (from: number, to: number): OutgoingRecord[] =>
  Array.from({ length: to - from }, (_, i) => eventRecord(`e${from + i}`, Buffer.from("x"), undefined, `k${i % 7}`));

test("every event that Kafka acknowledged is looked for where it said, and one that is not there any more is written down", async () => {
  const metrics = createMetrics();
  const told = createAcknowledgements({
    ...{ topics: new Set([topic]), metrics, log, everyMs: 50 },
    send: (name, records) => fixture.write(name, records),
  });
  const producer = createProducer({
    ...{ name: "ingest", connection: connection(), metrics, log, onAcknowledged: told.take },
  });
  await producer.start(() => undefined);
  await told.start(() => undefined);
  const check = createAcknowledgedCheck({
    ...{ db: db.owner, connection: connection(), metrics, log, restMs: 50 },
    ...{ groupId: `acknowledged-${unique}`, topicPrefix: fixture.prefix },
  });
  await check.start(() => undefined);
  running.push(check);
  const counted = async () => {
    const { values } =
      (await metrics.registry.getSingleMetric("hailstream_audit_acknowledged_events_total")?.get()) ?? {};
    return Object.fromEntries((values ?? []).map(({ labels, value }) => [String(labels.outcome), value]));
  };

  // Several requests at a time, and another producer in between, whose records are none of theirs.
  const other = createProducer({ name: "other", connection: connection(), metrics, log });
  await other.start(() => undefined);
  await Promise.all([
    producer.send(topic, pings(0, 500)),
    other.send(topic, pings(5_000, 5_100)),
    producer.send(topic, pings(500, 600)),
  ]);
  await other.send(topic, pings(5_100, 5_150));
  await producer.send(topic, pings(600, 1_000));
  await eventually(async () => expect(await counted()).toEqual({ there: 1_000, lost: 0 }));

  // Kafka says that it has an event where it has another one.
  told.take({ topic, partition: 0, baseOffset: 0n, records: [eventRecord("gone", Buffer.from("x"))] });
  await eventually(async () => expect(await counted()).toEqual({ there: 1_000, lost: 1 }));
  const lost = await db.owner.query("select topic, partition, record_offset, event_id, event_type from audit.lost");
  expect(lost).toEqual([{ topic, partition: 0, record_offset: 0n, event_id: "gone", event_type: "app.ping" }]);
  // Each is counted once, in its minute; what is lost in the minute in which it was told.
  const inMinutes = await db.owner.query<{ events: bigint }>(
    "select sum(events)::bigint as events from audit.acknowledged where event_type = 'app.ping'",
  );
  expect(inMinutes).toEqual([{ events: 1_001n }]);
  await other.stop();
  await producer.stop();
  await told.stop();
});

test("what cannot be told is counted and harms nobody, and what waits is bounded", async () => {
  const metrics = createMetrics();
  const told = createAcknowledgements({
    ...{ topics: new Set([topic]), metrics, log, everyMs: 60_000 },
    send: () => Promise.reject(new Error("away")),
  });
  const untold = async () =>
    (await metrics.registry.getSingleMetric("hailstream_ingest_acknowledgements_untold_total")?.get())?.values[0]
      ?.value;
  await told.start(() => undefined);
  const records = pings(0, 1_000);
  for (let i = 0; i < 201; i++) told.take({ topic, partition: 0, baseOffset: BigInt(i * 1_000), records });
  told.take({ topic: "another", partition: 0, baseOffset: 0n, records });
  expect(await untold()).toBe(1_000);
  await told.stop();
  expect(await untold()).toBe(201_000);
});
