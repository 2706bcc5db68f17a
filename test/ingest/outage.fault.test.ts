import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashApiKey } from "../../ingest/index.ts";
import { ensureTopics, headerText } from "../../kafka/index.ts";
import { cacheDirFrom, createEmbedded, type EmbeddedStack, findFreePortBase, portsFrom } from "../../local/index.ts";
import { createLogger } from "../../runtime/index.ts";
import { eventually } from "../support/wait.ts";
import { type AnswerBody, connectTo, recordsOf } from "./door.ts";
import { type IngestProcess, ingestProcess } from "./ingest-process.ts";
import { locationEvent } from "./knowledge.ts";

/** The whole outage; the whole proof is ten minutes: `npm run proof -- outage`. */
const minutes = Number(process.env.HAILSTREAM_FAULT_MINUTES ?? 0.35);
/** How long answers take says something on a machine that does nothing else; a suite's does. */
const isProof = minutes >= 1;
const outageMs = minutes * 60_000;
const keys = 20;
const batch = 5;
const pauseMs = 250;

const dir = mkdtempSync(join(tmpdir(), "hailstream-outage-"));
const log = createLogger("outage test", "error");
const apiKey = "hsk_outage";
let kafka: EmbeddedStack;
let registry: EmbeddedStack;
let ingest: IngestProcess;
let startKafka: () => Promise<EmbeddedStack>;

beforeAll(async () => {
  const common = { cacheDir: cacheDirFrom(process.env), env: process.env, log };
  const embedded = async (parts: Parameters<typeof createEmbedded>[0]) => {
    const stack = await createEmbedded(parts);
    await stack.start(() => undefined);
    return stack;
  };
  const kafkaPorts = portsFrom(await findFreePortBase());
  startKafka = () =>
    embedded({
      ...common,
      dataDir: join(dir, "kafka"),
      ports: kafkaPorts,
      own: { registry: "none", postgres: "none" },
    });
  const ports = portsFrom(await findFreePortBase());
  const registryParts = { ...common, dataDir: join(dir, "registry"), ports, own: { kafka: "none" } };
  [kafka, registry] = await Promise.all([startKafka(), embedded(registryParts)]);
  writeFileSync(join(dir, "keys.json"), JSON.stringify([{ name: "test", sha256: hashApiKey(apiKey) }]));
  ingest = ingestProcess([
    ...["--ingest-api-keys-file", join(dir, "keys.json"), "--ingest-data-dir", join(dir, "ingest")],
    // A machine that stands still is not what turns anybody away here.
    ...["--ingest-spool", "true", "--ingest-max-loop-delay-ms", "0"],
    ...["--kafka-brokers", kafka.addresses.kafka],
    ...["--registry-url", registry.addresses.registry, "--registry-cache-dir", join(dir, "schemas")],
  ]);
  // A broker that has just started may need longer than a call is patient.
  await eventually(() => ensureTopics(connectTo(kafka.addresses.kafka)), { timeoutMs: 120_000 });
  await ingest.start();
});
afterAll(async () => {
  await ingest?.stop();
  await Promise.all([kafka?.stop(), registry?.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

const prefix = randomUUID();
const acknowledged: string[] = [];
const waits: number[] = [];
let local = 0;
let repeated = 0;
let strange = "";
let running = true;

/** A driver's app: batches in the order of its trip, each sent until it is answered; what is to be sent again comes before anything new. */
async function drive(driver: number): Promise<void> {
  const subject = `drv_${driver}`;
  const data = { driver_id: subject, latitude: 40.7, longitude: -74 };
  let serial = 0;
  while (running) {
    let left = Array.from({ length: batch }, () =>
      locationEvent({ id: `${prefix}-${driver}-${serial++}`, subject, data }),
    );
    while (left.length > 0) {
      const answer = await post(left);
      if (answer === undefined) {
        repeated++;
        await sleep(100);
        continue;
      }
      for (const { index, status, durability, code } of answer.results) {
        if (status === "accepted" || status === "duplicate") acknowledged.push(left[index]?.id as string);
        else if (status !== "retry") strange = `${status} ${code}`;
        if (durability === "local") local++;
      }
      left = left.filter((_, index) => answer.results[index]?.status === "retry");
      if (left.length > 0) await sleep(100);
    }
    await sleep(pauseMs);
  }
}

type Answer = { readonly results: readonly (AnswerBody["results"][number] & { readonly durability?: string })[] };

async function post(events: readonly unknown[]): Promise<Answer | undefined> {
  const begin = performance.now();
  try {
    const response = await fetch(`${ingest.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(events),
    });
    const answer = (await response.json()) as Answer;
    waits.push(performance.now() - begin);
    return answer;
  } catch {
    // It is dead: whether these events are stored is not known.
    return undefined;
  }
}

const killAndStart = async () => {
  await ingest.kill();
  await ingest.start();
};

test("an outage of the broker under load with three kill -9 of ingest loses nothing acknowledged and keeps the order of each key", {
  timeout: 900_000 + outageMs * 2,
}, async () => {
  const drivers = Array.from({ length: keys }, (_, driver) => drive(driver));
  await eventually(() => acknowledged.length > keys * batch * 3, { timeoutMs: 120_000 });
  // A slow start may count as an outage of its own.
  await eventually(async () => (await ingest.metric("hailstream_ingest_spool_active_processes")) === 0, {
    timeoutMs: 120_000,
  });

  // First the broker stands still, as behind a broken network; then it is killed and stays away. The registry is gone as well.
  const begin = performance.now();
  const until = (share: number) => sleep(Math.max(0, begin + outageMs * share - performance.now()));
  const pid = kafka.children[0]?.pid ?? Number.NaN;
  process.kill(pid, "SIGSTOP");
  registry.kill();
  const localBefore = local;
  await eventually(() => local > localBefore);
  waits.length = 0;
  await until(0.3);
  await killAndStart();
  await until(0.5);
  kafka.kill();
  await until(0.7);
  await killAndStart();
  await until(1);
  // The registry has to be asked about a schema of which nobody has heard here: that is for later, and no fault of the sender.
  const newSchema = { ...locationEvent({ id: `${prefix}-new`, data: undefined }), datacontenttype: "application/avro" };
  const asked = await post([{ ...newSchema, data_base64: Buffer.from([0, 0, 0x7f, 0, 1, 0]).toString("base64") }]);
  expect(asked?.results).toMatchObject([{ status: "retry", code: "event_schema_unavailable" }]);
  const spooled = await ingest.metric("hailstream_ingest_spool_depth_events");
  const slowest = waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? 0;
  await kafka.stop();
  kafka = await startKafka();
  // The third time in the middle of the drain, which then goes on from where it was.
  await eventually(async () => (await ingest.metric("hailstream_ingest_spool_drained_events_total")) > 0, {
    timeoutMs: 180_000,
    everyMs: 2,
  });
  const depthAtKill = await ingest.metric("hailstream_ingest_spool_depth_events");
  await killAndStart();
  await eventually(async () => (await ingest.metric("hailstream_ingest_spool_active_processes")) === 0, {
    timeoutMs: 180_000,
    everyMs: 50,
  });
  const before = { acknowledged: acknowledged.length, local };
  await eventually(() => acknowledged.length > before.acknowledged + keys * batch, { timeoutMs: 120_000 });
  running = false;
  await Promise.all(drivers);

  const connection = connectTo(kafka.addresses.kafka);
  const records = await recordsOf(connection, ["driver-locations"], prefix, 1, 240_000);
  const ids = records.map((record) => headerText(record, "ce_id") ?? "");
  const inTopic = new Set(ids);
  const reordered = Array.from({ length: keys }, (_, driver) => {
    const start = `${prefix}-${driver}-`;
    const serials = [...inTopic].filter((id) => id.startsWith(start)).map((id) => Number(id.slice(start.length)));
    return serials.filter((serial, place) => serial !== place).length;
  });
  const figures = {
    minutes,
    acknowledged: acknowledged.length,
    local,
    requestsWithoutAnswer: repeated,
    lost: acknowledged.filter((id) => !inTopic.has(id)).length,
    inTopic: inTopic.size,
    duplicates: ids.length - inTopic.size,
    reordered: reordered.reduce((sum, count) => sum + count, 0),
    spooledAtTheEnd: spooled,
    depthAtThirdKill: depthAtKill,
    p99MsInTheOutage: Math.round(slowest),
    peakMegabytes: Math.round(ingest.peakBytes() / 1e6),
    seconds: Math.round((performance.now() - begin) / 1_000),
  };
  process.stderr.write(`outage: ${JSON.stringify(figures)}\n`);
  expect(strange).toBe("");
  expect(local).toBeGreaterThan(keys * batch);
  expect(acknowledged.filter((id) => !inTopic.has(id))).toEqual([]);
  expect(reordered).toEqual(Array(keys).fill(0));
  if (isProof) expect(slowest).toBeLessThan(1_000);
  expect(ingest.peakBytes()).toBeLessThan(400e6);
});
