import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { createSchemas, envelopeHeaders, type Schemas, schemaOptions } from "../../../schemas/index.ts";
import { createStream, streamOptions } from "../../../stream/index.ts";
import { createTestDatabase, type TestDatabase } from "../../sinks/pipeline.ts";
import { eventually } from "../../support/wait.ts";
import { createFixture, type Fixture, whileRunning } from "../fixture.ts";

const cacheDir = mkdtempSync(join(tmpdir(), "hailstream-revise-"));
let fixture: Fixture;
let schemas: Schemas;
let db: TestDatabase;
beforeAll(async () => {
  fixture = await createFixture(inject("kafka"));
  db = await createTestDatabase("revise");
  const flags = { "registry-url": inject("registry"), "registry-cache-dir": cacheDir };
  schemas = createSchemas({
    options: readOptions(schemaOptions, { flags }),
    log: silentLogger,
    metrics: createMetrics(),
  });
  await schemas.start(() => undefined);
});
afterAll(async () => {
  await schemas.stop();
  await fixture.stop();
  await db.drop();
  rmSync(cacheDir, { recursive: true, force: true });
});

let sequence = 0;
function event(type: string, time: string, receivedAt: number, data: Record<string, unknown>): OutgoingRecord {
  const envelope = { id: `e-${++sequence}`, type, source: "/test", time, receivedAt };
  return { key: schemas.keyOf(type, data), value: schemas.encode(type, data), headers: envelopeHeaders(envelope) };
}
const location = (driver_id: string, time: string, receivedAt = 0) =>
  event("driver.location", time, receivedAt, { driver_id, latitude: 40.7, longitude: -74 });
const profile = (driver_id: string, time: string, rating: number) =>
  event("driver.profile", time, 0, { driver_id, name: "A", rating });

/** Id, revision and rating of everything in the enriched topic of one driver. */
async function told(driver: string) {
  const records = (await fixture.readAll("driver-locations-enriched")).filter(({ key }) => String(key) === driver);
  return Promise.all(
    records.map(async ({ value, headers, partition }) => {
      const decoded = await schemas.decode(value ?? Buffer.alloc(0));
      if (!decoded.ok) throw new Error(decoded.reason);
      const { enrichment_revision, driver_rating } = decoded.value;
      return { id: String(headers.ce_id), partition, revision: enrichment_revision, rating: driver_rating };
    }),
  );
}

test("an event joins the version of its time, waits for a profile on its way, and is enriched again when one comes later", async () => {
  const flows = { "stream-flows": "enrich-driver-locations,revise-enrichment", "stream-profile-wait-ms": "20000" };
  const flags = { "stream-metrics-port": "0", "stream-group-prefix": fixture.prefix, ...flows };
  const metrics = createMetrics();
  const stream = createStream({
    ...{ options: readOptions(streamOptions, { flags }), connection: fixture.connection, schemas, db: db.sink },
    ...{ metrics, log: silentLogger, topicPrefix: fixture.prefix },
  });
  await fixture.write("driver-profiles", [
    profile("drv_1", "2026-02-01T00:00:00Z", 4.2),
    profile("drv_1", "2026-01-01T00:00:00Z", 4.1),
  ]);
  await whileRunning(stream, async (failed) => {
    await fixture.write("driver-locations", [
      location("drv_1", "2026-01-15T00:00:00Z"),
      location("drv_1", "2026-02-15T00:00:00Z"),
      location("drv_late", "2026-01-15T00:00:00Z"),
    ]);
    await eventually(async () => expect(await told("drv_1")).toMatchObject([{ rating: 4.1 }, { rating: 4.2 }]));
    // It came long ago, so it went out at once; its profile comes now.
    const [flagged] = await eventually(async () => {
      const all = await told("drv_late");
      return all.length === 1 && all;
    });
    expect(flagged).toMatchObject({ revision: 0, rating: null });
    await eventually(async () =>
      expect(await db.owner.query("select 1 from pipeline.state where key = $1", [flagged?.id])).toHaveLength(1),
    );
    await fixture.write("driver-profiles", [profile("drv_late", "2026-03-01T00:00:00Z", 4.7)]);
    await eventually(
      async () => expect(await told("drv_late")).toEqual([flagged, { ...flagged, revision: 1, rating: 4.7 }]),
      { timeoutMs: 20_000 },
    );
    expect(await db.owner.query("select 1 from pipeline.state")).toEqual([]);

    // It came just now, so it is held back until its profile is there.
    await fixture.write("driver-locations", [location("drv_soon", "2026-01-15T00:00:00Z", Date.now())]);
    await eventually(async () =>
      expect(await metrics.registry.metrics()).toContain('hailstream_stream_profile_waits_total{outcome="began"} 1'),
    );
    expect(await told("drv_soon")).toEqual([]);
    await fixture.write("driver-profiles", [profile("drv_soon", "2026-01-01T00:00:00Z", 4.9)]);
    await eventually(async () => expect(await told("drv_soon")).toMatchObject([{ revision: 0, rating: 4.9 }]));
    expect(await Promise.race([failed, "still running"])).toBe("still running");
  });
});
