import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { connectKafka, createProducer, kafkaOptions } from "../../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { createSchemas, schemaOptions } from "../../../schemas/index.ts";
import type { Stage } from "../stage.ts";

export type TestEvent = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

/** Of a driver, with whatever else is given. */
export function locationEvent(driver: string, over: object = {}): TestEvent {
  const data = { driver_id: driver, latitude: 40.7484, longitude: -73.9857, heading_degrees: null, speed: 8.3 };
  const event = { specversion: "1.0", id: uuidv7(), type: "driver.location", source: "/test" };
  return { ...event, time: new Date().toISOString(), data: { ...data, accuracy: 5, trip_id: null, ...over } };
}

/** Posts events as one batch and gives the answer's results. */
export async function post(
  { ready }: Stage,
  events: readonly object[],
  key = ready.apiKey,
): Promise<readonly { readonly status: string; readonly code?: string }[]> {
  const response = await fetch(`${ready.ingest}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents-batch+json", authorization: `Bearer ${key}` },
    body: JSON.stringify(events),
  });
  const answer = (await response.json()) as { readonly results?: readonly { status: string; code?: string }[] };
  if (answer.results === undefined) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
  return answer.results;
}

/** So far behind it catches up; what is later than that comes later. */
const mostBehindMs = 500;

/** Calls `send` at an even rate: `size` each time, until `count` are sent. A little delay is caught up with; a machine that stood still makes no flood. */
export async function evenly(
  { count, perSecond, size }: { readonly count: number; readonly perSecond: number; readonly size: number },
  send: (from: number, to: number) => Promise<void>,
): Promise<void> {
  let begun = performance.now();
  for (let from = 0; from < count; from += size) {
    const ahead = begun + (from * 1_000) / perSecond - performance.now();
    await delay(Math.max(0, ahead));
    begun += Math.max(0, -ahead - mostBehindMs);
    await send(from, Math.min(count, from + size));
  }
}

/** Writes locations straight into their topic, at an even rate. @param mayGoOn waits where the test is not ready for more */
export async function produce(
  { ready, dataDir }: Stage,
  count: number,
  perSecond: number,
  mayGoOn: () => Promise<unknown>,
): Promise<void> {
  const given = {
    env: {
      HAILSTREAM_KAFKA_BROKERS: ready.kafka,
      HAILSTREAM_REGISTRY_URL: ready.registry,
      HAILSTREAM_REGISTRY_CACHE_DIR: join(dataDir, "test-schemas"),
    },
  };
  const parts = { log: silentLogger, metrics: createMetrics() };
  const schemas = createSchemas({ ...parts, options: readOptions(schemaOptions, given) });
  const connection = connectKafka(readOptions(kafkaOptions, given), silentLogger, "test-live");
  const producer = createProducer({ ...parts, name: "test", connection });
  await schemas.start(() => undefined);
  await producer.start(() => undefined);
  try {
    await evenly({ count, perSecond, size: Math.ceil(perSecond / 20) }, async (from, to) => {
      await mayGoOn();
      const records = Array.from({ length: to - from }, (_, n) => {
        const { data, ...envelope } = locationEvent(`drv_fast${(from + n) % 500}`);
        const value = schemas.encode("driver.location", data);
        const headers = {
          ce_id: envelope.id,
          ce_type: envelope.type,
          ce_source: "/test",
          ce_time: String(envelope.time),
        };
        return { key: `drv_fast${(from + n) % 500}`, value, headers: { ...headers, received_at: String(Date.now()) } };
      });
      await producer.send("driver-locations", records);
    });
  } finally {
    await producer.stop();
    await schemas.stop();
  }
}

/** What the page gives when somebody saves what is shown. */
export async function saved({ page }: Stage, kind: "CSV" | "JSON lines" = "JSON lines"): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: kind, exact: true }).click(),
  ]);
  return readFileSync(await download.path(), "utf8");
}

/** The ids of what is shown, as they are saved. */
export async function savedIds(stage: Stage): Promise<readonly string[]> {
  const lines = (await saved(stage)).split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as { readonly id: string }).id);
}
