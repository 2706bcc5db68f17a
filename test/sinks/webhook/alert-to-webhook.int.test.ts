import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { afterEach, expect, inject, test } from "vitest";
import { type Alert, createReceiver } from "../../../examples/webhook-receiver/receiver.ts";
import { connectKafka, createProducer, ensureTopics, groupLag, kafkaOptions } from "../../../kafka/index.ts";
import { createMetrics, readOptions, type Service, silentLogger } from "../../../runtime/index.ts";
import { createSchemas, envelopeHeaders, exampleOf, schemaOptions } from "../../../schemas/index.ts";
import { createWebhookSink } from "../../../sinks/webhook/index.ts";
import {
  alertKeepingFlow,
  createRememberingRunner,
  createRunner,
  type Flow,
  loadRules,
  matchingFlows,
  noSilences,
} from "../../../stream/index.ts";
import { eventually } from "../../support/wait.ts";
import { addEndpoint, freshDatabase, quickOptions } from "./support.ts";

const log = silentLogger;
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
});
async function start<S extends Service>(service: S): Promise<S> {
  running.push(service);
  await service.start((cause) => {
    throw cause;
  });
  return service;
}

async function pipeline() {
  const prefix = `alerts-${randomUUID()}.`;
  const fresh = await freshDatabase();
  running.push(fresh);
  const { db } = fresh;
  const connection = connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": inject("kafka") } }), log);
  const topics = ["safety", "alerts", "dead-letters", "alert-signals", "late-events"].map((name) => `${prefix}${name}`);
  await ensureTopics(
    connection,
    topics.map((name) => ({ name, partitions: 2, cleanup: "delete" as const })),
  );
  const metrics = createMetrics();
  const registry = readOptions(schemaOptions, {
    flags: { "registry-url": inject("registry"), "registry-cache-dir": `/tmp/hailstream-${randomUUID()}` },
  });
  const schemas = await start(createSchemas({ options: registry, log, metrics }));
  const producer = await start(createProducer({ name: "test", connection, metrics, log }));
  const rules = loadRules(schemas.catalogue, () => undefined);
  const match = matchingFlows(schemas, rules).find(({ source }) => source === "safety") as Flow;
  const keep = alertKeepingFlow(schemas, rules, noSilences);
  const common = { connection, metrics, log };
  const startStream = async (groupPrefix = prefix) => {
    // A broker that has just started loads its groups first, and refuses members until then.
    await eventually(() => groupLag(connection, `${groupPrefix}match-safety`, topics.slice(0, 1)));
    const parts = { ...common, producer, topicPrefix: prefix, groupPrefix };
    await start(createRunner({ ...parts, flow: match }));
    await start(createRememberingRunner({ ...parts, flow: keep, db, idleMs: 1_000, maxCachedKeys: 1_000 }));
  };
  const startWebhooks = async () => {
    await eventually(() => groupLag(connection, `${prefix}webhook`, topics.slice(1, 2)));
    const options = quickOptions({ "webhook-group-id": `${prefix}webhook` });
    return start(createWebhookSink({ ...common, options, db, schemas, topic: `${prefix}alerts` }));
  };
  const data = { ...exampleOf(schemas.catalogue.types.get("safety.sos") as never), sos_id: "sos_7", trip_id: "trp_7" };
  const postSos = async (id: string, sosId = "sos_7") => {
    const envelope = {
      id,
      type: "safety.sos",
      source: "/test",
      time: "2026-11-22T21:11:41.123Z",
      receivedAt: Date.now(),
    };
    const value = schemas.encode("safety.sos", { ...data, sos_id: sosId });
    const record = {
      key: schemas.keyOf("safety.sos", { ...data, sos_id: sosId }),
      value,
      headers: envelopeHeaders(envelope),
    };
    await producer.send(`${prefix}safety`, [record]);
  };
  return { db, producer, prefix, startStream, startWebhooks, postSos };
}

/** The receiver of the examples, which verifies by the official library and gives each alert once. */
async function startExample(secret: string, port = 0) {
  const alerts: { readonly alert: Alert; readonly id: string }[] = [];
  const server = createReceiver(secret, (alert, id) => alerts.push({ alert, id }));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  running.push({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
  return { alerts, port: (server.address() as AddressInfo).port };
}

test("a call for help reaches the receiver of the examples, verified", async () => {
  const { db, startStream, startWebhooks, postSos } = await pipeline();
  // The secret is known only after the endpoint is there, and its port before: the server is made in between.
  const { port } = await startExample("whsec_c2VjcmV0LW9mLWEtcGxhY2Vob2xkZXI=");
  await running.pop()?.stop();
  const { secret } = await addEndpoint(db, `http://127.0.0.1:${port}/`);
  const { alerts } = await startExample(secret, port);
  await startStream();
  await startWebhooks();
  const eventId = randomUUID();
  await postSos(eventId);
  await eventually(() => expect(alerts).toHaveLength(1));
  expect(alerts[0]?.alert).toMatchObject({
    specversion: "1.0",
    type: "alert",
    subject: "safety-sos/sos_7",
    data: {
      rule: "safety-sos",
      severity: "critical",
      status: "firing",
      event_id: eventId,
      event_type: "safety.sos",
      started_at: "2026-11-22T21:11:41.123Z",
      labels: { trip_id: "trp_7" },
    },
  });
  expect(alerts[0]?.id).toBe(`msg_${alerts[0]?.alert.id}`);
});

test("the same event read again, by the stream or by the sink, is one delivery", async () => {
  const { db, prefix, startStream, startWebhooks, postSos } = await pipeline();
  await addEndpoint(db, "http://127.0.0.1:1/");
  const eventId = randomUUID();
  await startStream("a-");
  await postSos(eventId);
  await postSos(eventId);
  // Another group reads everything once more: the alerts are written a second time.
  await startStream("b-");
  await startWebhooks();
  const marker = randomUUID();
  await postSos(marker, "sos_8");
  await eventually(async () => {
    const [row] = await db.query<{ next: bigint }>(
      "select sum(next_offset)::bigint as next from pipeline.checkpoints where topic = $1",
      [`${prefix}alerts`],
    );
    expect(row?.next).toBe(4n);
  });
  expect(await db.query("select count(*)::int as n from webhook.deliveries")).toEqual([{ n: 2 }]);
});

test("a record that is no alert is a dead letter, and the alerts behind it are sent", async () => {
  const { db, producer, prefix, startStream, startWebhooks, postSos } = await pipeline();
  await addEndpoint(db, "http://127.0.0.1:1/");
  await producer.send(`${prefix}alerts`, [
    {
      key: "x",
      value: Buffer.from("no alert"),
      headers: { ce_id: "1", ce_type: "alert", ce_time: "2026-11-22T21:11:41Z" },
    },
    { key: "x", value: Buffer.from([0, 0, 0, 0, 1]), headers: { ce_id: "1\r\nx: y", ce_type: "alert", ce_time: "x" } },
  ]);
  await startStream();
  await startWebhooks();
  await postSos(randomUUID());
  await eventually(async () => {
    expect(await db.query("select count(*)::int as n from webhook.deliveries")).toEqual([{ n: 1 }]);
    expect(await db.query("select count(*)::int as n from pipeline.dead_letters")).toEqual([{ n: 2 }]);
  });
});
