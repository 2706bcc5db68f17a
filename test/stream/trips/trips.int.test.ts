import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { createRememberingTopology } from "../../../stream/index.ts";
import { createCities } from "../../../stream/reference/cities.ts";
import type { Driver } from "../../../stream/reference/drivers.ts";
import { createHistories } from "../../../stream/reference/history.ts";
import type { Vehicle } from "../../../stream/reference/vehicles.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";
import { processorRules } from "../processor-rules.ts";
import { minute, rules, start } from "./trips.ts";

const nothingKnown = {
  drivers: createHistories<Driver>(1),
  vehicles: createHistories<Vehicle>(1),
  cities: createCities(),
};

let fixture: ProcessorFixture;
beforeAll(async () => {
  fixture = await createProcessorFixture("trips");
});
afterAll(() => fixture.stop());

function runner(changed: Partial<typeof rules & { latenessMs: number }> = {}) {
  const { latenessMs = minute, ...changedTrips } = changed;
  const all = processorRules({ latenessMs, trips: { ...rules, ...changedTrips } });
  const flows = createRememberingTopology(fixture.schemas, nothingKnown, all);
  return fixture.runnerOf(...flows.filter(({ name }) => name === "fold-trips"));
}

const event = (type: string, at: number, data: Record<string, unknown>): OutgoingRecord => ({
  ...fixture.event(type, start + at, data, { variant: "enriched" }),
  partition: 0,
});

const trip = (trip_id: string, at: number) => [
  event("trip.requested", at, { trip_id, rider_id: "rdr_1", latitude: 40.7, longitude: -74, city_id: "cty_nyc" }),
  event("trip.accepted", at + minute, { trip_id, driver_id: "drv_1" }),
  event("trip.driver_arrived", at + 2 * minute, { trip_id, driver_id: "drv_1" }),
  event("trip.started", at + 3 * minute, { trip_id, driver_id: "drv_1" }),
  event("trip.completed", at + 13 * minute, { trip_id, driver_id: "drv_1", fare_amount: 990, fare_currency: "USD" }),
];

const accounts = () => fixture.dataOf("trips");

const wakeSoon = `update pipeline.state s set wake_ms = w.watermark_ms + 2000 from pipeline.watermarks w
  where s.key = $1 and w.consumer = s.consumer and w.partition = s.partition`;

const remembered = (trip: string, events: number) =>
  eventually(async () => {
    const sql = "select value from pipeline.state where key = $1";
    const [row] = await fixture.db.owner.query<{ value: string }>(sql, [trip]);
    expect(JSON.parse(row?.value ?? "{}").events).toHaveLength(events);
  });

test("trips are remembered over a restart and told once", async () => {
  const first = trip("trp_1", 0);
  await whileRunning(runner(), async () => {
    await fixture.write("trip-signals", first.slice(0, 3));
    await remembered("trp_1", 3);
  });
  expect(await accounts()).toEqual([]);

  await whileRunning(runner(), async () => {
    // The rest of it, some of it twice, and a trip whose end moves time on far enough.
    await fixture.write("trip-signals", [...first.slice(2), ...first.slice(3), ...trip("trp_2", 10 * minute)]);
    const told = await eventually(async () => {
      const found = await accounts();
      expect(found.map(({ trip_id }) => trip_id)).toContain("trp_1");
      return found;
    });
    expect(told[0]).toMatchObject({
      ...{ trip_id: "trp_1", revision: 1, status: "completed", missing: [], rider_id: "rdr_1", driver_id: "drv_1" },
      ...{ waiting_seconds: 180, travel_seconds: 600, fare_amount: 990, city_id: "cty_nyc", cancelled_by: null },
    });
  });
  expect((await accounts()).map(({ trip_id, revision }) => [trip_id, revision])).toEqual([["trp_1", 1]]);
  expect(await fixture.db.owner.query("select 1 from pipeline.outbox")).toEqual([]);
});

test("what was decided and not written before a crash is written by whoever comes next", async () => {
  const before = await fixture.readAll("trips");
  const [lost] = before;
  // As a process leaves it that dies between the transaction and Kafka's acknowledgement.
  await fixture.db.owner.execute(
    "insert into pipeline.outbox (consumer, partition, topic, key, value, headers) values ($1, 0, 'trips', 'trp_1', $2, $3)",
    [`${fixture.prefix}fold-trips`, lost?.value, JSON.stringify({ ce_id: String(lost?.headers.ce_id) })],
  );
  await whileRunning(runner(), () =>
    eventually(async () => {
      const after = await fixture.readAll("trips");
      const ids = after.map(({ headers }) => String(headers.ce_id));
      expect(ids.filter((id) => id === String(lost?.headers.ce_id))).toHaveLength(2);
      expect(await fixture.db.owner.query("select 1 from pipeline.outbox")).toEqual([]);
    }),
  );
});

test("a record that cannot be read becomes a dead letter, and the trips behind it go on", async () => {
  await fixture.write("trip-signals", [
    {
      key: "x",
      value: Buffer.from("nothing of ours"),
      headers: { ce_id: "1", ce_type: "trip.rated", ce_time: "now" },
      partition: 0,
    },
    event("trip.requested", 20 * minute, { trip_id: "trp_3", rider_id: "rdr_3", latitude: 40.7, longitude: -74 }),
  ]);
  await whileRunning(runner(), () =>
    eventually(async () => {
      expect((await fixture.readAll("dead-letters")).map(({ value }) => String(value))).toEqual(["nothing of ours"]);
      const rows = await fixture.db.owner.query("select 1 from pipeline.state where key = 'trp_3'");
      expect(rows).toHaveLength(1);
    }),
  );
});

test("the last trip comes out when nothing follows it, also in a process that reads no record at all", async () => {
  const quick = { settleMs: 1_000, latenessMs: 500 };
  const told = () => accounts().then((all) => all.map(({ trip_id }) => trip_id));
  await whileRunning(runner(quick), async () => {
    await fixture.write("trip-signals", trip("trp_4", 60 * minute));
    await eventually(async () => expect(await told()).toContain("trp_4"));
  });
  await whileRunning(runner({ latenessMs: 500, settleMs: 3_600_000 }), async () => {
    await fixture.write("trip-signals", trip("trp_5", 120 * minute));
    await remembered("trp_5", 5);
  });
  expect(await told()).not.toContain("trp_5");
  await fixture.db.owner.execute(wakeSoon, ["trp_5"]);
  await whileRunning(runner(quick), () => eventually(async () => expect(await told()).toContain("trp_5")));
});

test("a quiet partition that somebody outside of the group has claimed is opened again, and its time goes on", async () => {
  const told = () => accounts().then((all) => all.map(({ trip_id }) => trip_id));
  await whileRunning(runner({ latenessMs: 500, settleMs: 60 * minute }), async () => {
    await fixture.write("trip-signals", trip("trp_6", 180 * minute));
    await remembered("trp_6", 5);
    expect(await told()).not.toContain("trp_6");
    // In one step: it falls due only under the other claim.
    await fixture.db.owner.transaction(async (tx) => {
      await tx.execute("update pipeline.checkpoints set epoch = epoch + 1");
      await tx.execute(wakeSoon, ["trp_6"]);
    });
    await eventually(async () => expect(await told()).toContain("trp_6"), { timeoutMs: 60_000 });
  });
});
