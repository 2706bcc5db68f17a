import fc from "fast-check";
import { expect, test } from "vitest";
import { foldHours, type ToldHour } from "../../../stream/drivers/fold-hours.ts";
import { type Activity, driverStatuses } from "../../../stream/drivers/read-activity.ts";
import { driveStep } from "../../support/drive-step.ts";
import { activity, hour, minute, shuffled, start } from "./drivers.ts";

const rules = { silenceMs: 10 * minute, keepMs: 24 * hour };
/** What comes of the events, behind a position of somebody else: statuses alone do not move time. */
async function tell(events: readonly Activity[], batch = 1_000) {
  const all = [activity("drv_else", 0), ...events];
  const { told, ...rest } = await driveStep(foldHours(rules), all, { latenessMs: minute, batch });
  return { ...rest, told: told.filter(({ driverId }) => driverId !== "drv_else") };
}
/** Positions of a driver every minute between two moments. */
const positions = (driver: string, from: number, to: number, city: string | null = null) =>
  Array.from({ length: Math.floor((to - from) / minute) + 1 }, (_, i) =>
    activity(driver, from + i * minute, null, city),
  );
const byTime = (events: readonly Activity[]) =>
  [...events].sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
/** Hour, revision, seconds online, open, dispatched, on a trip, silent, unknown. */
const rows = (told: readonly ToldHour[]) =>
  told.map(({ hour: at, revision, account }) => [
    ...[(at - start) / hour, revision, account.online_seconds, account.open_seconds],
    ...[account.dispatched_seconds, account.on_trip_seconds, account.silent_seconds, account.unknown_seconds],
  ]);
const of = (told: readonly ToldHour[], driver: string) => rows(told.filter(({ driverId }) => driverId === driver));

test("an hour is told once it is over: open, dispatched, on a trip, offline", async () => {
  const events = byTime([
    ...positions("drv_1", 0, 40 * minute, "cty_1"),
    activity("drv_1", 0, "open"),
    activity("drv_1", 10 * minute, "dispatched"),
    activity("drv_1", 15 * minute, "on_trip"),
    activity("drv_1", 35 * minute, "open"),
    activity("drv_1", 40 * minute, "offline"),
  ]);
  const { told, memories } = await tell(events);
  expect(rows(told)).toEqual([[0, 1, 2_400, 900, 300, 1_200, 0, 0]]);
  expect(told[0]?.account.utilisation).toBe(1_500 / 2_400);
  expect(told[0]?.cityId).toBe("cty_1");
  expect(memories.size).toBe(0);
});

test("a status goes on into the next hours for as long as the driver is heard of", async () => {
  const events = byTime([activity("drv_1", 30 * minute, "on_trip"), ...positions("drv_1", 30 * minute, 145 * minute)]);
  // Heard of until 25 past, and ten minutes more; nothing says when he went.
  expect(rows((await tell(events)).told)).toEqual([
    [0, 1, 1_800, 0, 0, 1_800, 0, 0],
    [1, 1, 3_600, 0, 0, 3_600, 0, 0],
    [2, 1, 2_100, 0, 0, 2_100, 1_500, 0],
  ]);
});

test("the last sign of life may count into an hour without any event", async () => {
  expect(rows((await tell([activity("drv_1", 50 * minute, "open"), activity("drv_1", 58 * minute)])).told)).toEqual([
    [0, 1, 600, 600, 0, 0, 0, 0],
    [1, 1, 480, 480, 0, 0, 3_120, 0],
  ]);
});

test("silence in between is not online; positions without a known status are neither", async () => {
  const events = byTime([
    ...positions("drv_1", 0, 4 * minute),
    activity("drv_1", 5 * minute, "open"),
    ...positions("drv_1", 6 * minute, 10 * minute),
    ...positions("drv_1", 40 * minute, 58 * minute),
    activity("drv_1", 59 * minute, "offline"),
  ]);
  // Open from 5 to 20 and from 40 to 59, silent from 20 to 40, unknown before 5.
  expect(rows((await tell(events)).told)).toEqual([[0, 1, 2_040, 2_040, 0, 0, 1_200, 300]]);
});

test("two statuses of the same moment: the one with the greater id counts, and no time is lost", async () => {
  const [first, second] = [activity("drv_1", 0, "open"), activity("drv_1", 0, "dispatched")];
  const events = [{ ...second, id: "b" }, { ...first, id: "a" }, activity("drv_1", 5 * minute, "offline")];
  expect(rows((await tell(events)).told)).toEqual([[0, 1, 300, 0, 300, 0, 0, 0]]);
});

test("what a device kept for hours changes the hour by one revision; what comes behind the keeping is set aside", async () => {
  const early = [activity("drv_1", 0, "open"), activity("drv_1", 5 * minute, "offline")];
  const others = (until: number) => Array.from({ length: until }, (_, i) => activity("drv_2", i * hour));
  const late = byTime([
    activity("drv_1", 20 * minute, "on_trip"),
    ...positions("drv_1", 21 * minute, 24 * minute),
    activity("drv_1", 25 * minute, "offline"),
  ]);
  const { told, tooLate } = await tell([...early, ...others(6), ...late, ...late]);
  expect(of(told, "drv_1")).toEqual([
    [0, 1, 300, 300, 0, 0, 0, 0],
    [0, 2, 600, 300, 0, 300, 0, 0],
  ]);
  expect(tooLate).toEqual([]);
  const behind = await tell([...early, ...others(30), ...late]);
  expect(behind.tooLate).toEqual(late);
  expect(of(behind.told, "drv_1")).toEqual([[0, 1, 300, 300, 0, 0, 0, 0]]);
});

/** The seconds of an hour one by one, from all events at once. */
function recompute(events: readonly Activity[], at: number) {
  const seconds = { open: 0, dispatched: 0, on_trip: 0, silent: 0, unknown: 0 };
  for (let t = at; t < at + hour; t += 1_000) {
    const status = events.findLast((one) => one.status !== null && one.timeMs <= t)?.status;
    const isHeard = events.some(({ timeMs }) => timeMs <= t && t < timeMs + rules.silenceMs);
    if (status === "offline" || (status === undefined && !isHeard)) continue;
    seconds[status === undefined || status === null ? "unknown" : isHeard ? status : "silent"]++;
  }
  return seconds;
}

test("hours equal a count second by second, and shuffled with a fifth twice they are byte for byte the same", async () => {
  const status = fc.option(fc.constantFrom(...driverStatuses));
  const plan = fc.record({ driver: fc.nat(1), at: fc.nat(4 * 3_600), status });
  const move = fc.record({ delay: fc.nat(minute - 1), again: fc.nat(4), later: fc.nat(minute - 1) });
  const moves = fc.array(move, { minLength: 40, maxLength: 40 });
  let hours = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { minLength: 1, maxLength: 40 }),
      moves,
      fc.integer({ min: 1, max: 9 }),
      async (plans, delays, batch) => {
        const events = byTime(
          plans.map((one) =>
            activity(`drv_${one.driver}`, one.at * 1_000, one.status, one.status === null ? `cty_${one.at % 3}` : null),
          ),
        );
        const { told, memories } = await tell(events);
        expect(memories.size).toBe(0);
        const { told: other } = await tell(
          shuffled(events, ({ timeMs }) => timeMs, delays),
          batch,
        );
        const lines = (all: readonly ToldHour[]) => all.map((one) => JSON.stringify(one)).sort();
        expect(lines(other)).toEqual(lines(told));
        hours += told.length;
        for (const driverId of ["drv_0", "drv_1"]) {
          const own = events.filter((one) => one.driverId === driverId);
          const isTold = new Set(told.filter((one) => one.driverId === driverId).map((one) => one.hour));
          for (let at = start; at < start + 6 * hour; at += hour) {
            const { silent, ...active } = recompute(own, at);
            if (Object.values(active).some((seconds) => seconds > 0)) expect(isTold.has(at)).toBe(true);
          }
        }
        for (const { driverId, hour: at, account, revision } of told) {
          const counted = recompute(
            events.filter((one) => one.driverId === driverId),
            at,
          );
          expect(revision).toBe(1);
          expect(account).toMatchObject({
            ...{ open_seconds: counted.open, dispatched_seconds: counted.dispatched, on_trip_seconds: counted.on_trip },
            ...{ silent_seconds: counted.silent, unknown_seconds: counted.unknown },
          });
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(hours).toBeGreaterThan(100);
});

test("statuses that overtake the positions by days, as after an outage, change nothing", async () => {
  const days = [0, 1, 2].map((day) => day * 24 * hour);
  const statuses = days.flatMap((at) => [
    activity("drv_1", at, "open"),
    activity("drv_1", at + 30 * minute, "offline"),
  ]);
  const seen = days.flatMap((at) => positions("drv_1", at + minute, at + 30 * minute));
  const { told, tooLate } = await tell([...statuses, ...seen], 3);
  expect(tooLate).toEqual([]);
  expect(rows(told)).toEqual([0, 24, 48].map((at) => [at, 1, 1_800, 1_800, 0, 0, 0, 0]));
});
