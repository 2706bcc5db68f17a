import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../apps/random.ts";
import { traceEvent } from "../../audit/index.ts";
import { setGroupOffsets } from "../../kafka/index.ts";
import { type Service, silentLogger } from "../../runtime/index.ts";
import { loadCatalogue } from "../../schemas/index.ts";
import { storedTables } from "../../sinks/index.ts";
import { ensureEventTables } from "../../sinks/postgres/ensure-tables.ts";
import type { Database } from "../../store/index.ts";
import {
  connection,
  createTestDatabase,
  createTopic,
  eventRecord,
  framed,
  pingType,
  produce,
  startSink,
  type TestDatabase,
} from "../sinks/pipeline.ts";
import { eventually } from "../support/wait.ts";

/** `npm run proof -- trace`: 10,000,000 rows and 1,000 ids. */
const rows = Number(process.env.TRACE_ROWS ?? 2_000);
const asked = Number(process.env.TRACE_IDS ?? 10);
const prefix = `trace-${process.pid}-${Date.now()}-`;
const [source, enriched, deadLetters] = [`${prefix}pings`, `${prefix}pings-enriched`, `${prefix}dead-letters`];
const [sinkGroup, enrichedBy] = [`${prefix}sink`, `${prefix}enrich`];
const type = pingType([], 1, enriched);
const table = { type: type.name, tableName: "app_ping", keyField: "user", source, topic: enriched, enrichedBy };

let db: TestDatabase;
let sink: Service;

beforeAll(async () => {
  db = await createTestDatabase("trace");
  for (const topic of [source, enriched]) await createTopic(topic, 3);
  await createTopic(deadLetters, 1);
  const alert = loadCatalogue().types.get("alert");
  const definitions = storedTables(alert === undefined ? [] : [alert]).map(({ definition }) => definition);
  await ensureEventTables(db.ownerUrl, definitions, silentLogger);
  ({ service: sink } = await startSink(db, [type], sinkGroup));
  // The processor has come to the fourth record of each partition.
  const partitions = [0, 1, 2].map((partition) => ({ partition, offset: 3n }));
  await setGroupOffsets(connection(), enrichedBy, source, partitions);
});

afterAll(async () => {
  await sink.stop();
  await db.drop();
});

const trace = (id: string, aroundMs?: number) => {
  const parts = { db: db.owner, connection: connection(), log: silentLogger, tables: [table] };
  return traceEvent({ ...parts, sinkGroup, topicPrefix: prefix }, id, { aroundMs });
};
const ping = (id: string, user = "u") => {
  const now = Date.now();
  const record = eventRecord(id, framed(type, { user, n: 1 }), new Date(now).toISOString(), user);
  return { ...record, headers: { ...(record.headers as Readonly<Record<string, string>>), received_at: String(now) } };
};
const isStored = (id: string) =>
  eventually(async () => {
    expect(await db.owner.query("select from events.app_ping where event_id = $1", [id])).toHaveLength(1);
  });

test("of a stored event it tells both records and the row", async () => {
  const id = uuidv7();
  await produce(source, [ping(uuidv7()), ping(id)]);
  await produce(enriched, [ping(id)]);
  await isStored(id);
  const found = await trace(id);
  expect(found).toMatchObject({ eventId: id, type: "app.ping", outcome: "stored", waiting: null });
  expect(found.records).toMatchObject([{ topic: source, offset: "1", schemaId: 1, headers: { ce_source: "/test" } }]);
  expect(found.enriched).toMatchObject([{ topic: enriched, offset: "0" }]);
  expect(found.rows).toMatchObject([{ tableName: "app_ping", schemaId: 1, row: { event_id: id, user: "u" } }]);
  expect([found.deadLetters, found.quarantined, found.rejections, found.losses, found.alerts].flat()).toEqual([]);
});

test("of an event that did not come through it tells where it stopped, or who has not come to it", async () => {
  const [behind, skipped, poison, unusable, unstored] = [uuidv7(), uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  // Behind the two of the test before, so that the processor has passed the first of these.
  await produce(source, [ping(skipped), ping(behind)]);
  expect(await trace(behind)).toMatchObject({ outcome: "waiting", waiting: { consumer: enrichedBy, records: 0 } });
  expect(await trace(skipped)).toMatchObject({ type: "app.ping", outcome: "lost", waiting: null, rows: [] });

  await produce(source, [ping(unusable)]);
  const at = { dl_topic: source, dl_partition: "0", dl_offset: "77" };
  const why = { ...at, dl_code: "stream_envelope_missing", dl_reason: "no time", dl_step: "read" };
  await produce(deadLetters, [{ ...ping(unusable), headers: { ...ping(unusable).headers, ...why } }]);
  expect(await trace(unusable)).toMatchObject({ outcome: "rejected", deadLetters: [{ headers: why, state: "open" }] });
  // A redrive has sent it, and the sink has not come to it.
  await sink.stop();
  await db.owner.execute(
    "insert into pipeline.topic_letters (topic, partition, record_offset, step, state, attempts) values ($1, 0, 77, 'read', 'redriven', 1)",
    [source],
  );
  await produce(enriched, [ping(unusable)]);
  expect(await trace(unusable)).toMatchObject({
    ...{ outcome: "waiting", waiting: { consumer: sinkGroup }, deadLetters: [{ state: "redriven" }] },
  });
  ({ service: sink } = await startSink(db, [type], sinkGroup));

  await produce(enriched, [{ ...ping(poison), value: Buffer.from("no framing") }]);
  await eventually(async () => {
    expect(await trace(poison)).toMatchObject({
      ...{ outcome: "rejected", rejections: [{ consumer: sinkGroup, reason: "sink_record_unreadable" }] },
    });
  });

  await sink.stop();
  await produce(enriched, [ping(unstored)]);
  expect(await trace(unstored)).toMatchObject({ outcome: "waiting", waiting: { consumer: sinkGroup, records: 0 } });
  ({ service: sink } = await startSink(db, [type], sinkGroup));
  await isStored(unstored);

  await db.owner.execute(
    "insert into audit.lost (topic, partition, record_offset, event_id, event_type) values ('t', 0, 7, 'gone', 'app.ping')",
  );
  expect(await trace("gone")).toMatchObject({ type: "app.ping", outcome: "lost", losses: [{ record_offset: 7n }] });
  expect(await trace("nobody")).toMatchObject({ type: null, outcome: "unknown", searched: null });
  expect((await trace("nobody", Date.now())).searched).not.toBeNull();
});

test("an event that is stored while it is looked for is not told as lost", async () => {
  await sink.stop();
  const id = uuidv7();
  await produce(source, [ping(id)]);
  await produce(enriched, [ping(id)]);
  // The sink comes to it when its rows have been looked at, and before its checkpoint is.
  let stored: Promise<void> | undefined;
  const query: Database["query"] = async (sql, values) => {
    if (sql.includes("from pipeline.checkpoints")) {
      stored ??= (async () => {
        ({ service: sink } = await startSink(db, [type], sinkGroup));
        await isStored(id);
      })();
      await stored;
    }
    return db.owner.query(sql, values);
  };
  const parts = { db: { ...db.owner, query }, connection: connection(), log: silentLogger, tables: [table] };
  expect(await traceEvent({ ...parts, sinkGroup, topicPrefix: prefix }, id)).toMatchObject({ outcome: "stored" });
  expect(stored).toBeDefined();
});

test("an id that says no time is found as well, since its row says when it came", async () => {
  await produce(source, [ping("plain")]);
  await produce(enriched, [ping("plain")]);
  await isStored("plain");
  expect(await trace("plain")).toMatchObject({ outcome: "stored", records: [{ topic: source }], enriched: [{}] });
});

test("what an event led to is told with it: alerts and their deliveries", async () => {
  const id = uuidv7();
  await produce(source, [ping(id)]);
  await produce(enriched, [ping(id)]);
  await isStored(id);
  await db.owner
    .execute("select pipeline.ensure_day_partition('alert', (now() at time zone 'UTC')::date)")
    .catch(() => 0);
  await db.owner.execute(
    `insert into events.alert (event_id, occurred_at, received_at, schema_id, rule, notification, summary, sequence, data_event_id)
     values ('alert-1', now(), now(), 1, 'safety-sos', 'opened', 'Help.', 1, $1)`,
    [id],
  );
  await db.owner.execute(
    `insert into webhook.endpoints (endpoint_id, name, url, secrets) values ('ep_1', 'on-call', 'https://example.org', array['whsec_x'])`,
  );
  await db.owner.execute(
    `insert into webhook.deliveries (endpoint_id, message_id, alert_key, body, state, attempts, finished_at)
     values ('ep_1', 'msg_alert-1', 'k', '{}', 'delivered', 2, now())`,
  );
  expect((await trace(id)).alerts).toMatchObject([
    { rule: "safety-sos", notification: "opened", endpoint: "on-call", state: "delivered", attempts: 2 },
  ]);
});

test(`${asked} of ${rows} events are found, each by its id`, { timeout: 300_000 + rows / 5 }, async () => {
  // Ten days of rows, as the sink would have written them long ago; their records are no longer in Kafka.
  await db.owner
    .execute(
      "select pipeline.ensure_day_partition('app_ping', d::date) from generate_series(current_date - 9, current_date, '1 day') d",
    )
    .catch(() => 0);
  for (let from = 0; from < rows; from += 100_000) {
    await db.owner.execute(
      `insert into events.app_ping (event_id, occurred_at, received_at, source, schema_id, "user", n)
       select id, at, at, '/test', 1, 'u' || n % 97, n from (
         select n, now() - n * interval '10 days' / $3::float8 as at, uuidv7(-(n * interval '10 days' / $3::float8))::text as id
         from generate_series($1::int, $2::int) n) e`,
      [from, Math.min(rows, from + 100_000) - 1, rows],
    );
  }
  const random = createRandom(5);
  const ns = Array.from({ length: asked }, () => Math.floor(random() * rows));
  const wanted = await db.owner.query<{ id: string }>(
    "select event_id as id from events.app_ping where n = any ($1) and source = '/test' and event_id ~ '^[0-9a-f]{8}-' limit $2",
    [ns, asked],
  );
  expect(wanted.length).toBeGreaterThan(asked / 2);
  const times: number[] = [];
  for (const { id } of wanted) {
    const begin = performance.now();
    expect(await trace(id)).toMatchObject({ outcome: "stored", rows: [{ row: { event_id: id } }] });
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  process.stderr.write(`${wanted.length} of ${rows} events traced: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms\n`);
});
