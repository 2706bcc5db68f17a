import { readFileSync } from "node:fs";
import { gridDisk } from "h3-js";
import { expect } from "vitest";
import { createProducer } from "../../../kafka/index.ts";
import { composeServices, createMetrics, type Service, silentLogger } from "../../../runtime/index.ts";
import { createEventSink, createSinkRunner, ensureEventTables, storedTables } from "../../../sinks/index.ts";
import { createRememberingRunner } from "../../../stream/index.ts";
import { marketplaceFlows } from "../../../stream/marketplace/marketplace-flows.ts";
import { sessionTimeoutMs } from "../fixture.ts";
import { createProcessorFixture } from "../processor-fixture.ts";
import { type CityEvent, minute } from "./invented-city.ts";

const counted = ["requested", "accepted", "driver_arrived", "completed", "cancelled"].map((stage) => `trip.${stage}`);
const stored = ["driver.location", "marketplace.minute", ...counted];

const topics = [
  ...["driver-locations-enriched", "trip-events-enriched", "marketplace-signals", "marketplace-cells"],
  ...["marketplace-minutes", "late-events", "dead-letters"],
];

export type Marketplace = Awaited<ReturnType<typeof createMarketplace>>;

/** The marketplace on the real stack, with topics and a database of its own. */
export async function createMarketplace(
  label: string,
  rules: { readonly latenessMs: number; readonly idleMs: number },
) {
  const fixture = await createProcessorFixture(label, topics);
  const { db, schemas } = fixture;
  const { latenessMs, idleMs } = rules;

  /** The four flows, and the sink that loads what they read and what they give. */
  async function pipeline(): Promise<Service> {
    const common = { connection: fixture.connection, metrics: createMetrics(), log: silentLogger };
    const producer = createProducer({ name: "test", ...common });
    const flows = marketplaceFlows(schemas, { latenessMs, capMs: 2 * minute, patienceMs: 2 * minute }).map((flow) =>
      createRememberingRunner({
        ...{ ...common, producer, flow, db: db.sink, idleMs, maxCachedKeys: 1_000, concurrency: 2 },
        ...{ ...fixture.names, sessionTimeoutMs },
      }),
    );
    const types = [...schemas.catalogue.types.values()].filter(({ name }) => stored.includes(name));
    const tables = storedTables(types).map((table) => ({ ...table, topic: fixture.prefix + table.topic }));
    await ensureEventTables(
      db.ownerUrl,
      tables.map(({ definition }) => definition),
      silentLogger,
    );
    const findWriter = async (schemaId: number) => {
      const writer = await schemas.writerOf(schemaId);
      return writer === undefined ? undefined : { type: writer.type.name, schema: writer.schema };
    };
    const sink = createEventSink({ db: db.sink, tables, findWriter, log: silentLogger, metrics: createMetrics() });
    const loading = createSinkRunner({
      ...{ ...common, name: "test sink", db: db.sink, sink, groupId: `${fixture.prefix}sink` },
      topics: [...new Set(tables.map(({ topic }) => topic))],
    });
    return composeServices("marketplace", [producer, sink, loading, ...flows]);
  }

  async function write(events: readonly CityEvent[], partition?: number): Promise<void> {
    const records = events.map(({ id, type, timeMs, key, data }) => ({
      ...fixture.event(type, timeMs, data, { id, receivedAt: timeMs + 1_000, variant: "enriched" }),
      ...{ topic: type === "driver.location" ? "driver-locations-enriched" : "trip-events-enriched", key },
      ...(partition === undefined ? {} : { partition }),
    }));
    for (const [topic, some] of Map.groupBy(records, (record) => record.topic)) {
      for (let i = 0; i < some.length; i += 2_000) await fixture.write(topic, some.slice(i, i + 2_000));
    }
  }

  /** Moves event time on in every partition, with an event that lies in no city. */
  async function letTimePass(timeMs: number): Promise<void> {
    const nowhere = { latitude: 0, longitude: 0, city_id: null, h3_cell: null };
    for (let p = 0; p < 6; p++) {
      const [trip_id, driver_id] = [`trp_end_${p}`, `drv_end_${p}`];
      const trip = {
        id: `end-t-${p}-${timeMs}`,
        type: "trip.requested",
        timeMs,
        key: trip_id,
        data: { trip_id, rider_id: "rdr_0", ...nowhere },
      };
      await write(
        [
          trip,
          {
            id: `end-d-${p}-${timeMs}`,
            type: "driver.location",
            timeMs,
            key: driver_id,
            data: { driver_id, ...nowhere },
          },
        ],
        p,
      );
    }
  }

  async function differences() {
    const page = readFileSync("docs/marketplace.md", "utf8");
    const recompute = /```sql\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const table = `select city_id, h3_cell as cell, resolution, occurred_at as minute, open_drivers::bigint, requests::bigint, completed::bigint,
      cancelled::bigint, unmet_demand::bigint, pickups::bigint, median_pickup_seconds, surge_multiplier from events.marketplace_minute where final`;
    const minus = (a: string, b: string) => db.owner.query(`select * from (${a}) a except all select * from (${b}) b`);
    const [rows] = await db.owner.query<{ n: number }>("select count(*)::int as n from events.marketplace_minute");
    return { missing: await minus(recompute, table), extra: await minus(table, recompute), rows: rows?.n ?? 0 };
  }

  /** Which cells are neighbours, as the recompute wants to know: those of the events and the coarse ones around them. */
  async function writeNeighbours(events: readonly CityEvent[]): Promise<void> {
    await db.owner.execute("create table public.cell_neighbours (cell text, neighbour text)");
    const all = [...new Set(events.flatMap(({ data }) => (typeof data.h3_cell === "string" ? [data.h3_cell] : [])))];
    const coarse = all.map((cell) => `87${cell.slice(2, 9)}ffffff`);
    const pairs = [...new Set([...all, ...coarse])].flatMap((cell) =>
      gridDisk(cell, 1).flatMap((near) => (near === cell ? [] : [[cell, near] as const])),
    );
    await db.owner.execute("insert into public.cell_neighbours select * from unnest($1::text[], $2::text[])", [
      pairs.map(([cell]) => cell),
      pairs.map(([, near]) => near),
    ]);
  }

  /** Nothing waits for a time any more, nothing is left to write, nothing was too late, and the rows equal the recompute. */
  async function expectNoDifference(): Promise<number> {
    const [last] = await db.owner.query<{ n: number }>(
      "select count(*)::int as n from pipeline.state where (consumer like '%count-cells' or consumer like '%count-cities') and wake_ms is not null",
    );
    expect(last?.n).toBe(0);
    expect(await db.owner.query("select 1 from pipeline.outbox")).toEqual([]);
    expect(await fixture.readAll("late-events")).toEqual([]);
    const { missing, extra, rows } = await differences();
    expect({ missing: missing.slice(0, 3), extra: extra.slice(0, 3) }).toEqual({ missing: [], extra: [] });
    return rows;
  }

  return {
    db,
    pipeline,
    write,
    letTimePass,
    writeNeighbours,
    expectNoDifference,
    stop: () => fixture.stop(),
  };
}
