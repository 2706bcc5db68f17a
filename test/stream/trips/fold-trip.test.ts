import fc from "fast-check";
import { expect, test } from "vitest";
import { remember } from "../../../stream/state/remember.ts";
import type { Memory } from "../../../stream/state/remembering-step.ts";
import { foldTrip, type ToldTrip, type TripMemory } from "../../../stream/trips/fold-trip.ts";
import type { ArrivedTripEvent } from "../../../stream/trips/trip-event.ts";
import { minute, newest, rules, start, tripEvent, wholeTrip } from "./trips.ts";

const latenessMs = 10 * minute;

/** All accounts of the events in this order; then time passes for ten days. */
function tell(events: readonly ArrivedTripEvent[], batch = events.length || 1): ToldTrip[] {
  const step = foldTrip(rules);
  const memories = new Map<string, Memory<TripMemory>>();
  const told: ToldTrip[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  const go = (records: readonly ArrivedTripEvent[], passTo?: number) => {
    const before = { records, memories, watermark, horizon: Infinity, ...(passTo === undefined ? {} : { passTo }) };
    const after = remember(step, before, latenessMs);
    told.push(...after.emitted);
    watermark = after.watermark;
    // The memory lies in a database in between.
    for (const [key, memory] of memories) memories.set(key, JSON.parse(JSON.stringify(memory)));
  };
  for (let i = 0; i < events.length; i += batch) go(events.slice(i, i + batch));
  go([], start + 10 * 24 * 60 * minute);
  expect(memories.size).toBe(0);
  return told;
}

test("a whole trip is told once when it ended, and again when it was rated", () => {
  const told = tell(wholeTrip("trp_1", 0));
  expect(told.map(({ revision }) => revision)).toEqual([1, 2]);
  expect(told[0]?.account).toMatchObject({
    ...{ status: "completed", missing: [], rider_id: "rdr_1", driver_id: "drv_1", vehicle_id: "veh_1" },
    ...{ city_id: "cty_nyc", waiting_seconds: 300, pickup_seconds: 180, travel_seconds: 1_200 },
    ...{ distance: 7_400.5, fare_amount: 2450, fare_currency: "USD", rider_rating: null },
    ...{ pickup_cell: "882a100d65fffff", dropoff_cell: "882a1072b5fffff", ended_at: start + 25 * minute },
  });
  expect(told[1]?.account).toEqual({ ...told[0]?.account, rider_rating: 5 });
});

test.each([
  ["cancelled before anyone accepted", ["requested", "cancelled"], "cancelled", []],
  ["cancelled without a request", ["accepted", "cancelled"], "cancelled", ["requested"]],
  ["completed with holes", ["requested", "completed"], "completed", ["accepted", "driver_arrived", "started"]],
  ["never ended", ["requested", "accepted"], "stuck", []],
] as const)("a trip %s", (_name, stages, status, missing) => {
  const told = tell(stages.map((stage, i) => tripEvent("trp_1", stage, i * minute, { cancelled_by: "rider" })));
  expect(told).toHaveLength(1);
  expect(told[0]?.account).toMatchObject({ status, missing });
  expect(told[0]?.account.cancelled_by).toBe(status === "cancelled" ? "rider" : null);
});

test("a trip longer than a day is told as stuck first and as completed in the end", () => {
  const day = 24 * 60 * minute;
  const told = tell([
    tripEvent("trp_1", "requested", 0),
    tripEvent("trp_1", "started", minute),
    tripEvent("trp_2", "requested", day),
    tripEvent("trp_1", "completed", day + minute, { fare_amount: 100 }),
  ]).filter(({ tripId }) => tripId === "trp_1");
  expect(told.map(({ account }) => account.status)).toEqual(["stuck", "completed"]);
  expect(told[1]?.account).toMatchObject({ travel_seconds: 86_400, fare_amount: 100 });
});

test("events that a device kept for hours are told as one account, also when they lie before an account already given", () => {
  const hours = 60 * minute;
  const kept = wholeTrip("trp_1", 0).slice(0, 5);
  const others = [0, 1, 2, 3, 4, 5].map((i) => tripEvent(`trp_other_${i}`, "requested", i * hours));
  expect(tell([...others, ...kept]).filter(({ tripId }) => tripId === "trp_1")).toHaveLength(1);
  // Everything but the start came in time; the start three days later.
  const withoutStart = kept.filter(({ stage }) => stage !== "started");
  const later = tripEvent("trp_x", "requested", 30 * hours);
  const told = tell([...withoutStart, later, ...kept]).filter(({ tripId }) => tripId === "trp_1");
  expect(told.map(({ account }) => account.missing)).toEqual([["started"], []]);
});

test("shuffled within the lateness, with a fifth of the events twice, trips are told byte for byte the same", () => {
  const trips = fc.array(fc.record({ at: fc.nat(300), stages: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1 }) }), {
    minLength: 1,
    maxLength: 12,
  });
  const seed = fc.array(fc.record({ delay: fc.nat(latenessMs - 1), again: fc.nat(4), later: fc.nat(latenessMs - 1) }), {
    minLength: 72,
    maxLength: 72,
  });
  let events = 0;
  fc.assert(
    fc.property(trips, seed, fc.integer({ min: 1, max: 9 }), (plans, moves, batch) => {
      const inOrder = plans
        .flatMap(({ at, stages }, i) => stages.map((s) => wholeTrip(`trp_${i}`, at * minute)[s] as ArrivedTripEvent))
        .sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
      const shuffled = inOrder
        .flatMap((event, i) => {
          const { delay, again, later } = moves[i % moves.length] as { delay: number; again: number; later: number };
          const once = { event, at: event.timeMs + delay };
          return again === 0 ? [once, { event, at: event.timeMs + later }] : [once];
        })
        .sort((a, b) => a.at - b.at)
        .map(({ event }) => event);
      events += shuffled.length;
      expect(JSON.stringify(tell(shuffled, batch))).toBe(JSON.stringify(tell(inOrder)));
    }),
    { numRuns: 300 },
  );
  expect(events).toBeGreaterThan(3_000);
});

test("the newest account of a trip counts all of its events", () => {
  const told = newest(
    tell([...wholeTrip("trp_1", 0), ...wholeTrip("trp_2", 7 * minute)].sort((a, b) => a.timeMs - b.timeMs)),
  );
  expect([...told.values()].map(({ account }) => account.rider_rating)).toEqual([5, 5]);
});
