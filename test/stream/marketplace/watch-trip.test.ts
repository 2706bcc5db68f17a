import fc from "fast-check";
import { expect, test } from "vitest";
import type { Signal } from "../../../stream/marketplace/signal.ts";
import { watchTrip } from "../../../stream/marketplace/watch-trip.ts";
import type { ArrivedTripEvent } from "../../../stream/trips/trip-event.ts";
import { driveStep } from "../../support/drive-step.ts";
import { minute, start, tripEvent, wholeTrip } from "../trips/trips.ts";

const latenessMs = 5 * minute;
const here = { city_id: "cty_nyc", h3_cell: "882a100d2dfffff" };
const there = { city_id: "cty_nyc", h3_cell: "882a100d65fffff" };

async function signals(events: readonly ArrivedTripEvent[], batch?: number): Promise<readonly Signal[]> {
  const size = batch === undefined ? {} : { batch };
  const { told, memories } = await driveStep(watchTrip({ patienceMs: 2 * minute }), events, { latenessMs, ...size });
  expect(memories.size).toBe(0);
  return told;
}
const words = ({ kind, cell, timeMs, pickupMs }: Signal) =>
  `${kind} at ${(timeMs - start) / minute} in ${cell === here.h3_cell ? "here" : "there"}${pickupMs === undefined ? "" : ` after ${pickupMs / minute}`}`;

test("a trip is asked for, picked up where the driver arrived and completed where it ended", async () => {
  const events = [
    tripEvent("trp_1", "requested", 0, here),
    tripEvent("trp_1", "accepted", minute),
    tripEvent("trp_1", "driver_arrived", 4 * minute, there),
    tripEvent("trp_1", "completed", 9 * minute, there),
  ];
  expect((await signals(events)).map(words)).toEqual([
    "requested at 0 in here",
    "pickup at 4 in there after 3",
    "completed at 9 in there",
  ]);
});

test.each([
  [
    "called off before anyone accepted",
    [
      ["requested", 0],
      ["cancelled", 1],
    ],
    ["requested at 0", "unmet at 1", "cancelled at 1"],
  ],
  [
    "not accepted in time",
    [
      ["requested", 0],
      ["accepted", 3],
    ],
    ["requested at 0", "unmet at 2"],
  ],
  [
    "accepted in the last moment",
    [
      ["requested", 0],
      ["accepted", 2],
    ],
    ["requested at 0"],
  ],
  [
    "accepted and called off",
    [
      ["requested", 0],
      ["accepted", 1],
      ["cancelled", 1.5],
    ],
    ["requested at 0", "cancelled at 1.5"],
  ],
  [
    "called off after the patience was over",
    [
      ["requested", 0],
      ["cancelled", 5],
    ],
    ["requested at 0", "unmet at 2", "cancelled at 5"],
  ],
  [
    "called off before it was asked for, by a wrong clock",
    [
      ["cancelled", 0],
      ["requested", 1],
    ],
    ["requested at 1", "unmet at 1"],
  ],
  [
    "without an acceptance there is no time to the pick-up",
    [
      ["requested", 0],
      ["driver_arrived", 1],
    ],
    ["requested at 0", "unmet at 2"],
  ],
] as const)("%s", async (_name, stages, expected) => {
  const events = stages.map(([stage, at]) => tripEvent("trp_1", stage, at * minute, stage === "requested" ? here : {}));
  expect((await signals(events)).map(words)).toEqual(expected.map((text) => `${text} in here`));
});

test("what happens outside all cities gives no signal, and the first of two requests counts", async () => {
  expect(await signals([tripEvent("trp_1", "requested", 0), tripEvent("trp_1", "cancelled", minute)])).toEqual([]);
  const twice = [tripEvent("trp_1", "requested", minute, there), tripEvent("trp_1", "requested", 0, here)];
  expect((await signals(twice)).map(words)).toEqual(["requested at 0 in here", "unmet at 2 in here"]);
});

test("shuffled within the lateness, with a fifth of the events twice, the signals are the same", async () => {
  const trips = fc.array(fc.record({ at: fc.nat(60), stages: fc.subarray([0, 1, 2, 3, 4], { minLength: 1 }) }), {
    minLength: 1,
    maxLength: 10,
  });
  const moves = fc.array(fc.record({ delay: fc.nat(latenessMs - 1), again: fc.nat(4) }), {
    minLength: 50,
    maxLength: 50,
  });
  await fc.assert(
    fc.asyncProperty(trips, moves, fc.integer({ min: 1, max: 9 }), async (plans, delays, batch) => {
      const inOrder = plans
        .flatMap(({ at, stages }, i) => stages.map((s) => wholeTrip(`trp_${i}`, at * minute)[s] as ArrivedTripEvent))
        .sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
      const shuffled = inOrder
        .flatMap((event, i) => {
          const { delay, again } = delays[i % delays.length] as { delay: number; again: number };
          return [
            { event, at: event.timeMs + delay },
            ...(again === 0 ? [{ event, at: event.timeMs + latenessMs - 1 }] : []),
          ];
        })
        .sort((a, b) => a.at - b.at)
        .map(({ event }) => event);
      expect(await signals(shuffled, batch)).toEqual(await signals(inOrder));
    }),
    { numRuns: 300 },
  );
});
