import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type OutgoingRecord, topicEnds } from "../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, envelopeHeaders, type Schemas, schemaOptions } from "../../schemas/index.ts";
import { createDatabase } from "../../store/index.ts";
import { createStream, streamOptions } from "../../stream/index.ts";
import { eventually } from "../support/wait.ts";
import { createFixture, type Fixture, type Found, sessionTimeoutMs, whileRunning } from "./fixture.ts";

const cacheDir = mkdtempSync(join(tmpdir(), "hailstream-stream-"));
let fixture: Fixture;
let schemas: Schemas;
beforeAll(async () => {
  fixture = await createFixture(inject("kafka"));
  const flags = { "registry-url": inject("registry"), "registry-cache-dir": cacheDir };
  const options = readOptions(schemaOptions, { flags });
  schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  await schemas.start(() => undefined);
});
afterAll(async () => {
  await schemas.stop();
  await fixture.stop();
  rmSync(cacheDir, { recursive: true, force: true });
});

let sequence = 0;
function event(type: string, data: Record<string, unknown>): OutgoingRecord {
  const time = new Date(1_420_000_000_000 + ++sequence).toISOString();
  const envelope = { id: `event-${sequence}`, type, source: "/test", time, receivedAt: 1_795_391_562_326 };
  return { key: schemas.keyOf(type, data), value: schemas.encode(type, data), headers: envelopeHeaders(envelope) };
}
const location = (driver: string) =>
  event("driver.location", { driver_id: driver, latitude: 40.75, longitude: -73.98 });

function streamOf(group: string, topicPrefix = fixture.prefix) {
  // Those without a memory: this test has no database.
  const flows = { "stream-flows": "enrich-driver-locations,enrich-trip-events,match-safety" };
  const patient = { "stream-session-timeout-ms": String(sessionTimeoutMs) };
  const flags = { "stream-metrics-port": "0", "stream-group-prefix": topicPrefix + group, ...patient, ...flows };
  const options = readOptions(streamOptions, { flags });
  const metrics = createMetrics();
  const log = silentLogger;
  const db = createDatabase({ name: "none", url: "postgres://127.0.0.1:9/none", log, metrics });
  return createStream({ options, connection: fixture.connection, schemas, db, metrics, log, topicPrefix });
}

const idOf = (record: Found) => String(record.headers.ce_id);
const text = (headers: Found["headers"]) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
async function dataOf(record: Found | undefined) {
  const decoded = await schemas.decode(record?.value ?? Buffer.alloc(0));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

test("events come out enriched: same id, time, partition and order; a profile joins from when it is known", async () => {
  await fixture.write("cities", [
    event("city", {
      ...{ city_id: "cty_1", name: "A", country: "US", currency: "USD", timezone: "America/New_York" },
      boundary: [
        { latitude: 40.5, longitude: -74.5 },
        { latitude: 40.5, longitude: -73.5 },
        { latitude: 41, longitude: -73.5 },
        { latitude: 41, longitude: -74.5 },
      ],
    }),
  ]);
  await fixture.write("driver-profiles", [
    event("driver.profile", { driver_id: "drv_0", name: "A", rating: 4.5, vehicle_id: "veh_0" }),
    event("driver.profile", { driver_id: "drv_gone", name: "B", rating: 5 }),
    { key: "drv_gone", value: null },
  ]);
  await fixture.write("vehicle-profiles", [event("vehicle.profile", { vehicle_id: "veh_0", vehicle_class: "van" })]);
  const drivers = ["drv_0", "drv_gone", ...Array.from({ length: 20 }, (_, i) => `drv_${i + 1}`)];
  const sent = Array.from({ length: 10 }, () => drivers.map(location)).flat();
  await fixture.write("driver-locations", sent);
  const cancelled = event("trip.cancelled", { trip_id: "trp_1", driver_id: "drv_0", cancelled_by: "driver" });
  await fixture.write("trip-events", [cancelled]);

  const stream = streamOf("first-");
  await whileRunning(stream, async (failed) => {
    expect((await fetch(`${stream.url}/ready`)).status).toBe(200);
    const enriched = await eventually(async () => {
      const all = await fixture.readAll("driver-locations-enriched");
      expect(all).toHaveLength(sent.length);
      return all;
    });
    const source = await fixture.readAll("driver-locations");
    for (const partition of new Set(source.map((record) => record.partition))) {
      const there = (records: Found[]) => records.filter((record) => record.partition === partition);
      expect(there(enriched).map(({ headers }) => text(headers))).toEqual(
        there(source).map(({ headers }) => text(headers)),
      );
      expect(there(enriched).map(({ key }) => String(key))).toEqual(there(source).map(({ key }) => String(key)));
    }
    const of = (driver: string) => dataOf(enriched.find(({ key }) => String(key) === driver));
    expect(await of("drv_0")).toMatchObject({
      ...{ driver_rating: 4.5, vehicle_class: "van", city_id: "cty_1", enrichment_missing: [] },
    });
    expect(await of("drv_gone")).toMatchObject({ driver_rating: null, enrichment_missing: ["driver"] });
    expect(await of("drv_7")).toMatchObject({ driver_rating: null, enrichment_missing: ["driver"] });
    const [trip] = await eventually(async () => {
      const trips = await fixture.readAll("trip-events-enriched");
      return trips.length === 1 && trips;
    });
    expect(await dataOf(trip)).toMatchObject({ driver_rating: 4.5, enrichment_missing: ["position"] });

    await fixture.write("driver-profiles", [event("driver.profile", { driver_id: "drv_7", name: "C", rating: 4.9 })]);
    await eventually(async () => {
      await fixture.write("driver-locations", [location("drv_7")]);
      const later = (await fixture.readAll("driver-locations-enriched")).filter(({ key }) => String(key) === "drv_7");
      expect(await dataOf(later.at(-1))).toMatchObject({ driver_rating: 4.9, enrichment_missing: [] });
    });
    expect(await Promise.race([failed, "still running"])).toBe("still running");
  });
});

test("an unreadable record is kept with its reason while the rest goes on", async () => {
  const own = await createFixture(inject("kafka"));
  const bad = { key: "drv_1", value: Buffer.from("not avro"), headers: { ce_id: "poison" } };
  await own.write("driver-locations", [location("drv_1"), bad, location("drv_1")]);
  await whileRunning(streamOf("poison-", own.prefix), async () => {
    await eventually(async () => expect(await own.readAll("driver-locations-enriched")).toHaveLength(2));
  });
  const letters = await own.readAll("dead-letters");
  expect(letters.map(({ value }) => String(value))).toEqual(["not avro"]);
  expect(text(letters[0]?.headers ?? {})).toMatchObject({
    ...{ ce_id: "poison", dl_code: "record_framing_invalid", dl_topic: "driver-locations", dl_offset: "1" },
  });
  await own.stop();
});

test("killed in the middle and started again, it leaves nothing out and repeats the same bytes", async () => {
  const own = await createFixture(inject("kafka"));
  const sent = Array.from({ length: 30_000 }, (_, i) => location(`drv_${i % 500}`));
  await own.write("driver-locations", sent);
  const written = async () =>
    (await topicEnds(own.connection, `${own.prefix}driver-locations-enriched`)).reduce((n, p) => n + Number(p.high), 0);

  const first = await startProcess(own.prefix);
  await eventually(async () => (await written()) > 0, { everyMs: 5 });
  first.kill("SIGKILL");
  await once(first, "exit");
  const second = await startProcess(own.prefix);
  await eventually(
    async () => {
      const ids = new Set((await own.readAll("driver-locations-enriched")).map(idOf));
      expect(ids.size).toBe(sent.length);
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
  second.kill("SIGTERM");
  expect((await once(second, "exit"))[0]).toBe(0);

  const bytesOf = new Map<string, string>();
  const lastOf = new Map<string, number>();
  for (const record of await own.readAll("driver-locations-enriched")) {
    const bytes = JSON.stringify([
      record.partition,
      String(record.key),
      record.value?.toString("base64"),
      text(record.headers),
    ]);
    const before = bytesOf.get(idOf(record));
    if (before !== undefined) expect(bytes).toBe(before);
    else {
      // First appearances keep the order of the driver's events.
      const n = Number(idOf(record).slice("event-".length));
      expect(n).toBeGreaterThan(lastOf.get(String(record.key)) ?? 0);
      lastOf.set(String(record.key), n);
    }
    bytesOf.set(idOf(record), bytes);
  }
  await own.stop();
});

async function startProcess(prefix: string): Promise<ChildProcess> {
  const program = join(import.meta.dirname, "stream-process.ts");
  const child = spawn(process.execPath, [program, inject("kafka"), inject("registry"), cacheDir, prefix], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => ["ended"])]);
  expect(String(line)).toBe("ready\n");
  return child;
}
