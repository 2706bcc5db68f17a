import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";

let fixture: ProcessorFixture;
beforeAll(async () => {
  fixture = await createProcessorFixture("revise");
});
afterAll(() => fixture.stop());

const location = (driver_id: string, time: string, receivedAt = 0) =>
  fixture.event("driver.location", Date.parse(time), { driver_id, latitude: 40.7, longitude: -74 }, { receivedAt });
const profile = (driver_id: string, time: string, rating: number) =>
  fixture.event("driver.profile", Date.parse(time), { driver_id, name: "A", rating });

/** Id, revision and rating of everything in the enriched topic of one driver. */
async function told(driver: string) {
  const records = (await fixture.readAll("driver-locations-enriched")).filter(({ key }) => String(key) === driver);
  return Promise.all(
    records.map(async ({ value, headers, partition }) => {
      const decoded = await fixture.schemas.decode(value ?? Buffer.alloc(0));
      if (!decoded.ok) throw new Error(decoded.reason);
      const { enrichment_revision, driver_rating } = decoded.value;
      return { id: String(headers.ce_id), partition, revision: enrichment_revision, rating: driver_rating };
    }),
  );
}

test("an event joins the version of its time, waits for a profile on its way, and is enriched again when one comes later", async () => {
  const metrics = createMetrics();
  const flows = ["enrich-driver-locations", "revise-enrichment"];
  const stream = fixture.streamOf(flows, { "stream-profile-wait-ms": "60000" }, metrics);
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
      expect(await fixture.db.owner.query("select 1 from pipeline.state where key = $1", [flagged?.id])).toHaveLength(
        1,
      ),
    );
    await fixture.write("driver-profiles", [profile("drv_late", "2026-03-01T00:00:00Z", 4.7)]);
    await eventually(
      async () => expect(await told("drv_late")).toEqual([flagged, { ...flagged, revision: 1, rating: 4.7 }]),
      { timeoutMs: 20_000 },
    );
    expect(await fixture.db.owner.query("select 1 from pipeline.state")).toEqual([]);

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
