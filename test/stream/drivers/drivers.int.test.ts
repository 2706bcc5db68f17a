import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";
import { createEventSink, createSinkRunner, ensureEventTables, storedTables } from "../../../sinks/index.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";
import { hour, minute, start } from "./drivers.ts";

let fixture: ProcessorFixture;
beforeAll(async () => {
  fixture = await createProcessorFixture("drivers");
});
afterAll(() => fixture.stop());

const location = (driver_id: string, at: number, longitude: number) =>
  fixture.event("driver.location", start + at, { driver_id, latitude: 40.7, longitude });
const status = (driver_id: string, at: number, value: string) =>
  fixture.event("driver.status", start + at, { driver_id, status: value });

const flows = [
  ...["enrich-driver-locations", "gather-driver-locations", "gather-driver-status"],
  ...["track-drivers", "fold-driver-hours"],
];
/** By records alone does time go on here, not by the clock: seconds lie between positions of which each is to be in time. */
const stream = () => fixture.streamOf(flows, { "stream-lateness-ms": "1000", "stream-idle-ms": "600000" });

/** The sink of the tables of drivers, as it runs in production, under the test's topics. */
async function sink() {
  const { schemas, db } = fixture;
  const types = ["driver.position", "driver.jump", "driver.hour"].flatMap((n) => schemas.catalogue.types.get(n) ?? []);
  const tables = storedTables(types).map((table) => ({ ...table, topic: fixture.prefix + table.topic }));
  const definitions = tables.map((table) => table.definition);
  await ensureEventTables(db.ownerUrl, definitions, silentLogger);
  const common = { log: silentLogger, metrics: createMetrics() };
  const events = createEventSink({
    ...{ ...common, db: db.sink, tables },
    async findWriter(schemaId) {
      const writer = await schemas.writerOf(schemaId);
      return writer === undefined ? undefined : { type: writer.type.name, schema: writer.schema };
    },
  });
  await events.start(() => undefined);
  const topics = tables.map(({ topic }) => topic);
  const groupId = `${fixture.prefix}sink`;
  return createSinkRunner({
    ...{ ...common, name: "drivers sink", connection: fixture.connection, db: db.sink, sink: events, groupId, topics },
  });
}

test("positions for the map, jumps and hours, over a restart, in the tables", async () => {
  const runner = await sink();
  await whileRunning(runner, async () => {
    const positions = () =>
      fixture.db.owner.query("select driver_id, longitude from events.driver_position order by driver_id");
    await whileRunning(stream(), async () => {
      await fixture.write("driver-status", [status("drv_1", 0, "open"), status("drv_1", 10 * minute, "on_trip")]);
      await fixture.write("driver-locations", [
        location("drv_1", minute, -74),
        location("drv_2", minute, -73.9),
        location("drv_1", 9 * minute, -74.001),
      ]);
      await eventually(async () =>
        expect(await positions()).toEqual([
          { driver_id: "drv_1", longitude: -74.001 },
          { driver_id: "drv_2", longitude: -73.9 },
        ]),
      );
    });
    await whileRunning(stream(), async (failed) => {
      const again = location("drv_1", 9 * minute + 4_000, -73);
      // An older position that a device kept, a repetition, a jump, and one that moves time into the next hour.
      const old = location("drv_1", 2 * minute, -74.0005);
      const next = location("drv_1", hour + 5 * minute, -74.002);
      await fixture.write("driver-locations", [old, again, again, next]);
      const hours = () =>
        fixture.db.owner.query(
          "select driver_id, revision, online_seconds, open_seconds, on_trip_seconds, utilisation from events.driver_hour where driver_id = 'drv_1' and occurred_at = $1 order by revision",
          [new Date(start)],
        );
      await eventually(async () => {
        // Heard of until 10:00, so until 20:00: ten minutes open, ten with a rider.
        expect((await hours()).at(-1)).toMatchObject({
          ...{ driver_id: "drv_1", online_seconds: 1_200, open_seconds: 600, on_trip_seconds: 600, utilisation: 0.5 },
        });
        expect((await positions())[0]).toEqual({ driver_id: "drv_1", longitude: -74.002 });
      });
      const jumps = await eventually(async () => {
        const all = await fixture.db.owner.query<{ to_longitude: number; speed: number }>(
          "select to_longitude, speed from events.driver_jump order by to_at",
        );
        return all.length > 0 && all;
      });
      expect(jumps).toHaveLength(1);
      expect(jumps[0]).toMatchObject({ to_longitude: -73 });
      expect(jumps[0]?.speed).toBeGreaterThan(20_000);
      expect(await Promise.race([failed, "still running"])).toBe("still running");
    });
  });
  const kept = await fixture.readAll("driver-positions");
  expect(String(kept.findLast(({ key }) => String(key) === "drv_1")?.headers.ce_time)).toBe(
    new Date(start + hour + 5 * minute).toISOString(),
  );
});
