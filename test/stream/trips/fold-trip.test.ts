import fc from "fast-check";
import { expect, test } from "vitest";
import { foldTrip, type ToldTrip } from "../../../stream/trips/fold-trip.ts";
import type { TripSignal } from "../../../stream/trips/trip-event.ts";
import { driveStep } from "../../support/drive-step.ts";
import { minute, newest, position, rules, start, tripEvent, wholeTrip } from "./trips.ts";

const latenessMs = 10 * minute;

const orderOf = (signal: TripSignal) =>
  signal.stage === "position" ? `${signal.tripId} ${signal.driverId}` : signal.id;

/** All accounts of the events in this order; then time passes for ten days, and nothing is remembered any more. */
async function tell(events: readonly TripSignal[], batch?: number): Promise<readonly ToldTrip[]> {
  const size = batch === undefined ? {} : { batch };
  const { told, memories } = await driveStep(foldTrip(rules), events, { latenessMs, ...size });
  expect(memories.size).toBe(0);
  return told;
}

test("a whole trip is told once when it ended, and again when it was rated", async () => {
  const told = await tell(wholeTrip("trp_1", 0));
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
] as const)("a trip %s", async (_name, stages, status, missing) => {
  const told = await tell(stages.map((stage, i) => tripEvent("trp_1", stage, i * minute, { cancelled_by: "rider" })));
  expect(told).toHaveLength(1);
  expect(told[0]?.account).toMatchObject({ status, missing });
  expect(told[0]?.account.cancelled_by).toBe(status === "cancelled" ? "rider" : null);
});

test("a trip longer than a day is told as stuck first and as completed in the end", async () => {
  const day = 24 * 60 * minute;
  const told = (
    await tell([
      tripEvent("trp_1", "requested", 0),
      tripEvent("trp_1", "started", minute),
      tripEvent("trp_2", "requested", day),
      tripEvent("trp_1", "completed", day + minute, { fare_amount: 100 }),
    ])
  ).filter(({ tripId }) => tripId === "trp_1");
  expect(told.map(({ account }) => account.status)).toEqual(["stuck", "completed"]);
  expect(told[1]?.account).toMatchObject({ travel_seconds: 86_400, fare_amount: 100 });
});

test("events that a device kept for hours are told as one account, also when they lie before an account already given", async () => {
  const hours = 60 * minute;
  const kept = wholeTrip("trp_1", 0).slice(0, 5);
  const others = [0, 1, 2, 3, 4, 5].map((i) => tripEvent(`trp_other_${i}`, "requested", i * hours));
  expect((await tell([...others, ...kept])).filter(({ tripId }) => tripId === "trp_1")).toHaveLength(1);
  // Everything but the start came in time; the start three days later.
  const withoutStart = kept.filter(({ stage }) => stage !== "started");
  const later = tripEvent("trp_x", "requested", 30 * hours);
  const told = (await tell([...withoutStart, later, ...kept])).filter(({ tripId }) => tripId === "trp_1");
  expect(told.map(({ account }) => account.missing)).toEqual([["started"], []]);
});

test("shuffled within the lateness, with a fifth of the events twice, trips are told byte for byte the same", async () => {
  const trips = fc.array(fc.record({ at: fc.nat(300), stages: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1 }) }), {
    minLength: 1,
    maxLength: 12,
  });
  const seed = fc.array(fc.record({ delay: fc.nat(latenessMs - 1), again: fc.nat(4), later: fc.nat(latenessMs - 1) }), {
    minLength: 72,
    maxLength: 72,
  });
  let events = 0;
  await fc.assert(
    fc.asyncProperty(trips, seed, fc.integer({ min: 1, max: 9 }), async (plans, moves, batch) => {
      const inOrder = plans
        .flatMap(({ at, stages }, i): TripSignal[] => [
          ...stages.map((s) => wholeTrip(`trp_${i}`, at * minute)[s] as TripSignal),
          // From the acceptance to a while behind the end, at a pace of its own; and of a driver who was sent away.
          ...Array.from({ length: 20 }, (_, k) => position(`trp_${i}`, (at + 1 + k * 1.7) * minute, k * (i + 1) * 90)),
          ...[1, 2, 3].map((k) => position(`trp_${i}`, (at + 4 * k) * minute, -500 * k, "drv_away")),
        ])
        .sort((a, b) => a.timeMs - b.timeMs || (orderOf(a) < orderOf(b) ? -1 : 1));
      const shuffled = inOrder
        .flatMap((event, i) => {
          const { delay, again, later } = moves[i % moves.length] as { delay: number; again: number; later: number };
          const once = { event, at: event.timeMs + delay };
          return again === 0 ? [once, { event, at: event.timeMs + later }] : [once];
        })
        .sort((a, b) => a.at - b.at)
        .map(({ event }) => event);
      events += shuffled.length;
      expect(JSON.stringify(await tell(shuffled, batch))).toBe(JSON.stringify(await tell(inOrder)));
    }),
    { numRuns: 60 },
  );
  expect(events).toBeGreaterThan(6_000);
});

test("the way with the rider aboard is measured along the positions of the trip's own driver", async () => {
  const positions = Array.from({ length: 30 }, (_, k) => position("trp_1", k * minute, k * 1_000));
  const others = [position("trp_1", 10 * minute, 90_000, "drv_2"), position("trp_2", 10 * minute, 90_000)];
  const signals = [...wholeTrip("trp_1", 0), ...positions, ...others].sort((a, b) => a.timeMs - b.timeMs);
  const [told, rated] = (await tell(signals, 3)).filter(({ tripId }) => tripId === "trp_1");
  // Aboard from minute 5 to minute 25.
  expect(told?.account).toMatchObject({ path_positions: 21, distance: 7_400.5 });
  expect(told?.account.path_distance).toBeCloseTo(20_000, -1);
  expect(told?.account.route_cells.length).toBeGreaterThan(15);
  expect(rated?.account).toMatchObject({ path_positions: 21, path_distance: told?.account.path_distance });
});

test("a trip that reports where it is has not got stuck; positions alone are no trip, and leave nothing behind", async () => {
  const hour = 60 * minute;
  const under = Array.from({ length: 10 }, (_, k) => position("trp_1", k * hour, k * 1_000));
  const told = await tell([
    tripEvent("trp_1", "requested", 0),
    tripEvent("trp_1", "started", 1, { driver_id: "drv_1" }),
    ...under,
    position("trp_alone", 9 * hour, 0),
  ]);
  expect(told).toHaveLength(1);
  expect(told[0]?.account).toMatchObject({ status: "stuck", path_positions: 9, ended_at: start + 9 * hour });
});

test("positions that come hours late are told in a revision", async () => {
  const aboard = Array.from({ length: 10 }, (_, k) => position("trp_1", (6 + k) * minute, k * 1_000));
  const later = tripEvent("trp_2", "requested", 180 * minute);
  const told = (await tell([...wholeTrip("trp_1", 0), later, ...aboard])).filter(({ tripId }) => tripId === "trp_1");
  expect(told.map(({ account }) => account.path_positions)).toEqual([0, 0, 10]);
  expect(told.at(-1)?.account.path_distance).toBeCloseTo(9_000, -1);
});

test("the newest account of a trip counts all of its events", async () => {
  const told = newest(
    await tell([...wholeTrip("trp_1", 0), ...wholeTrip("trp_2", 7 * minute)].sort((a, b) => a.timeMs - b.timeMs)),
  );
  expect([...told.values()].map(({ account }) => account.rider_rating)).toEqual([5, 5]);
});
