import { afterAll, beforeAll, expect, test } from "vitest";
import { createProducer, type OutgoingRecord } from "../../../kafka/index.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";
import {
  type RememberingFlow,
  type ReprocessParts,
  type ReprocessReport,
  rememberingFlow,
  reprocess,
} from "../../../stream/index.ts";
import { foldTrip, type ToldTrip } from "../../../stream/trips/fold-trip.ts";
import { readTripSignal } from "../../../stream/trips/trip-event.ts";
import { writeTrip } from "../../../stream/trips/write-trip.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";
import { minute, rules, start } from "../trips/trips.ts";

let fixture: ProcessorFixture;
beforeAll(async () => {
  fixture = await createProcessorFixture("reprocess");
});
afterAll(() => fixture.stop());

/** The processor of trips; with the bug, some fares are told a hundred times too high. */
function trips(hasBug = false): RememberingFlow {
  const { schemas } = fixture;
  const write = writeTrip(schemas);
  const spoil = (told: ToldTrip): ToldTrip => {
    const { fare_amount: fare } = told.account;
    const wrong = hasBug && fare !== null && fare % 2 === 1;
    return wrong ? { ...told, account: { ...told.account, fare_amount: fare * 100 } } : told;
  };
  return rememberingFlow({
    ...{ name: "fold-trips", source: "trip-signals", read: readTripSignal(schemas), latenessMs: 1_000 },
    ...{ step: foldTrip({ ...rules, settleMs: 1_000 }), write: (told: ToldTrip) => write(spoil(told)) },
    outputs: ["trips"],
  });
}

const live = (flow: RememberingFlow) => fixture.runnerOf(flow);

async function rebuild(more: Partial<ReprocessParts> = {}): Promise<ReprocessReport> {
  const common = { connection: fixture.connection, metrics: createMetrics(), log: silentLogger };
  const producer = createProducer({ name: "test", ...common });
  await producer.start(() => undefined);
  try {
    return await reprocess({
      ...{ ...common, ...fixture.names, schemas: fixture.schemas, db: fixture.db.owner, producer, flow: trips() },
      ...{ idleMs: 1_000, maxCachedKeys: 100, concurrency: 3 },
      ...{ fromMs: 0, toMs: Infinity, signal: new AbortController().signal },
      ...{ onProgress: () => undefined, decide: async () => false, ...more },
    });
  } finally {
    await producer.stop();
  }
}

const event = (type: string, at: number, data: Record<string, unknown>): OutgoingRecord =>
  fixture.event(type, start + at, data, { variant: "enriched" });
function trip(number: number): OutgoingRecord[] {
  const [trip_id, at] = [`trp_${number}`, number * 1_000];
  return [
    event("trip.requested", at, { trip_id, rider_id: "rdr_1", latitude: 40.7, longitude: -74 }),
    event("trip.started", at + minute, { trip_id, driver_id: "drv_1" }),
    event("trip.completed", at + 9 * minute, {
      trip_id,
      driver_id: "drv_1",
      fare_amount: number,
      fare_currency: "USD",
    }),
  ];
}

type Account = { readonly trip_id: string; readonly revision: number; readonly fare_amount: number };
/** All accounts in the topic, without repetitions, and of each trip the newest. */
async function accounts() {
  const records = await fixture.readAll("trips");
  const decoded = await Promise.all(records.map(({ value }) => fixture.schemas.decode(value ?? Buffer.alloc(0))));
  const ids = records.map(({ headers }) => String(headers.ce_id));
  const all = decoded.flatMap((one, i) => (one.ok && ids.indexOf(ids[i] ?? "") === i ? [one.value as Account] : []));
  const newest = new Map<string, Account>();
  for (const one of all) if (one.revision > (newest.get(one.trip_id)?.revision ?? 0)) newest.set(one.trip_id, one);
  return { all, newest };
}

const counts = ({ equal, changed, missing, extra }: ReprocessReport) => ({ equal, changed, missing, extra });
const leftovers = async () => {
  const tables = ["rebuilds where true", "checkpoints where consumer like '%@%'", "outbox where true"];
  const found = await Promise.all(tables.map((table) => fixture.db.owner.query(`select 1 from pipeline.${table}`)));
  return found.flat().length;
};
const told = (count: number) =>
  eventually(async () => expect((await accounts()).newest.size).toBe(count), { timeoutMs: 60_000 });

test("a bug's results are found by a dry run, and replaced by a switch while the live processor goes on", async () => {
  const first = Array.from({ length: 40 }, (_, i) => trip(i + 1)).flat();
  await whileRunning(live(trips(true)), async () => {
    await fixture.write("trip-signals", first);
    await told(40);
  });

  // The version without the bug runs from now on, with what the other one remembered.
  await whileRunning(live(trips()), async (failed) => {
    const dry = await rebuild();
    expect(counts(dry)).toEqual({ equal: 20, changed: 20, missing: 0, extra: 0 });
    expect(dry).toMatchObject({ switched: false, corrected: 0, read: 120 });
    expect(dry.examples[0]).toMatchObject({ kind: "changed", live: { revision: 1 }, rebuilt: { revision: 1_001 } });
    expect((await accounts()).all).toHaveLength(40);
    expect(await leftovers()).toBe(0);

    // Traffic during the rebuild: whoever has told it, it is told.
    const during = fixture.write("trip-signals", Array.from({ length: 40 }, (_, i) => trip(i + 41)).flat());
    const switched = await rebuild({ decide: async () => true });
    await during;
    expect(switched).toMatchObject({ switched: true, extra: 0 });
    await told(80);
    const { all, newest } = await accounts();
    for (const [trip_id, account] of newest) expect(`trp_${account.fare_amount}`).toBe(trip_id);
    // Nothing that was right is told again.
    expect(
      all.filter(({ trip_id }) => Number(trip_id.slice(4)) <= 40 && Number(trip_id.slice(4)) % 2 === 0),
    ).toHaveLength(20);

    // The live one goes on where the rebuilt one stood, with its memory.
    await fixture.write("trip-signals", [
      event("trip.rated", 20 * minute, { trip_id: "trp_3", rated_by: "rider", rating: 4, driver_id: "drv_1" }),
    ]);
    await eventually(async () => expect((await accounts()).newest.get("trp_3")).toMatchObject({ rider_rating: 4 }), {
      timeoutMs: 60_000,
    });
    expect((await accounts()).newest.get("trp_3")).toMatchObject({ revision: 1_002, fare_amount: 3 });
    const again = await rebuild();
    expect(counts(again)).toEqual({ equal: 80, changed: 0, missing: 0, extra: 0 });
    await eventually(async () => expect(await leftovers()).toBe(0));
    expect(await Promise.race([failed, "alive"])).toBe("alive");
  });
});

test("an interrupted rebuild leaves nothing behind, and two at the same time are refused", async () => {
  const quit = new AbortController();
  const before = (await accounts()).all.length;
  const first = rebuild({
    signal: quit.signal,
    async decide() {
      await expect(rebuild()).rejects.toMatchObject({ code: "reprocess_running" });
      quit.abort();
      return true;
    },
  });
  await expect(first).rejects.toThrow(/abort/i);
  expect(await leftovers()).toBe(0);
  expect((await accounts()).all).toHaveLength(before);
});
