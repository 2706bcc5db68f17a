import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { auditOptions, createAuditor } from "../../audit/index.ts";
import { consumerLags, setGroupOffsets } from "../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import {
  connection,
  createTestDatabase,
  createTopic,
  eventRecord,
  framed,
  pingType,
  produce,
  startSink,
  storedUpTo,
  type TestDatabase,
} from "../sinks/pipeline.ts";
import { createFixture, type Fixture } from "../stream/fixture.ts";
import { startOfflineSchemas } from "../support/offline-schemas.ts";
import { eventually } from "../support/wait.ts";

const unique = `${process.pid}-${Date.now()}`;
const topic = `auditor-pings-${unique}`;
const prefix = `auditor-${unique}-`;
const type = pingType([], 1, topic);

let db: TestDatabase;
let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
let fixture: Fixture;
const running: Service[] = [];

beforeAll(async () => {
  db = await createTestDatabase("auditor");
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
  fixture = await createFixture(inject("kafka"), ["pipeline-health", "dead-letters", "acknowledgements"]);
  await createTopic(topic, 1);
});

afterAll(async () => {
  for (const service of running.reverse()) await service.stop();
  await fixture.stop();
  await offline.stop();
  await db.drop();
});

/** What was told, in order. */
async function told(of: string): Promise<readonly Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (const { value } of await fixture.readAll("pipeline-health")) {
    const decoded = await schemas.decode(value ?? Buffer.alloc(0));
    if (!decoded.ok) throw new Error(decoded.reason);
    if (decoded.type.name === of) found.push(decoded.value);
  }
  return found;
}

const ping = (n: number) => eventRecord(`e${n}`, framed(type, { user: "u", n }), undefined, "u");

test("the lag of a group is the age of the oldest record that it has not committed, and what a group is not behind in is 0", async () => {
  const arrived: { readonly from: number; readonly to: number }[] = [];
  for (const n of [1, 2]) {
    const from = Date.now();
    await produce(topic, [ping(n)]);
    arrived.push({ from, to: Date.now() });
    await eventually(() => Date.now() - from > 2_500);
  }
  // To move a group takes seconds, so they are moved together.
  const groupAt = (offset: number) => `${prefix}at-${offset}`;
  await Promise.all(
    [...[0, 1, 2].map((offset) => ({ group: groupAt(offset), offset })), { group: `${prefix}dead`, offset: 0 }].map(
      ({ group, offset }) => setGroupOffsets(connection(), group, topic, [{ partition: 0, offset: BigInt(offset) }]),
    ),
  );
  const now = Date.now();
  const lags = new Map(
    (await consumerLags(connection(), { prefix: groupAt(0).slice(0, -1), now })).lags.map((lag) => [lag.groupId, lag]),
  );
  expect(lags.size).toBe(3);
  for (const [i, { from, to }] of arrived.entries()) {
    const lag = lags.get(groupAt(i));
    expect(lag).toMatchObject({ topic, records: 2 - i });
    expect(lag?.seconds).toBeGreaterThan((now - to) / 1_000 - 0.01);
    expect(lag?.seconds).toBeLessThan(((now - from) / 1_000) * 1.02 + 0.3);
  }
  expect(lags.get(groupAt(2))).toMatchObject({ records: 0, seconds: 0 });
});

test("an auditor tells lag, rejections and events that are missing, and once more when each of them is over", async () => {
  const group = `${prefix}sink`;
  const sink = await startSink(db, [type], group);
  running.push(sink.service);
  await produce(topic, [eventRecord("bad", Buffer.from("no framing"))]);
  await eventually(async () => (await storedUpTo(db, group)) === 3);

  const flags = { "audit-metrics-port": "0", "audit-group-prefix": prefix, "audit-group-id": `${prefix}audit` };
  const auditor = createAuditor({
    options: readOptions(auditOptions, { flags: { ...flags, "audit-every-ms": "200", "audit-lag-every-ms": "200" } }),
    ...{ db: db.owner, connection: connection(), schemas, metrics: createMetrics(), log: silentLogger },
    ...{
      tables: [{ type: type.name, tableName: "app_ping", keyField: "user", source: topic, topic }],
      sinkGroup: group,
      topicPrefix: fixture.prefix,
    },
  });
  await auditor.start(() => undefined);
  running.push(auditor);
  expect((await fetch(`${auditor.url}/ready`)).status).toBe(200);

  await eventually(async () => {
    const [rejected] = await told("pipeline.rejections");
    expect(rejected).toEqual({ consumer: group, source_topic: topic, code: "sink_record_unreadable", records: 1 });
    const lagging = (await told("pipeline.lag")).find(({ consumer_group }) => consumer_group === `${prefix}dead`);
    expect(lagging).toMatchObject({ source_topic: topic, records: 3 });
    expect(Number(lagging?.seconds)).toBeGreaterThanOrEqual(5);
  });
  expect(await told("pipeline.audit")).toEqual([]);

  await db.owner.execute("delete from events.app_ping where event_id = 'e2'");
  const missing = { event_type: "app.ping", station: "postgres", missing: 1, extra: 0, unnamed: 0 };
  await eventually(async () => {
    expect((await told("pipeline.audit"))[0]).toEqual({ ...missing, missing_ids: "e2", extra_ids: "" });
  });

  await setGroupOffsets(connection(), `${prefix}dead`, topic, [{ partition: 0, offset: 3n }]);
  await db.owner.execute("update pipeline.dead_letters set at = at - interval '1 hour'");
  await db.owner.execute(
    `insert into events.app_ping (event_id, occurred_at, received_at, schema_id, "user", n)
     select 'e2', occurred_at, received_at, schema_id, "user", 2 from events.app_ping where event_id = 'e1'`,
  );
  await eventually(async () => {
    const last = async (of: string) => (await told(of)).at(-1);
    const ofDead = (await told("pipeline.lag")).filter(({ consumer_group }) => consumer_group === `${prefix}dead`);
    expect(ofDead.at(-1)).toMatchObject({ records: 0, seconds: 0 });
    expect(await last("pipeline.rejections")).toMatchObject({ records: 0 });
    expect(await last("pipeline.audit")).toEqual({ ...missing, missing: 0, missing_ids: "", extra_ids: "" });
  });
  const counts = (await told("pipeline.audit")).length;
  const scrape = await (await fetch(`${auditor.url}/metrics`)).text();
  expect(scrape).toContain(`hailstream_audit_lag_seconds{group="${prefix}dead",topic="${topic}"} 0`);
  expect((await told("pipeline.audit")).length).toBe(counts);
});
