import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fix } from "../../../stream/drivers/read-fix.ts";
import { type Tracked, trackDriver } from "../../../stream/drivers/track-driver.ts";
import { driveStep } from "../../support/drive-step.ts";
import { fix, minute, shuffled } from "./drivers.ts";

const rules = { positionEveryMs: 10_000, maxSpeed: 70 };
const tell = (fixes: readonly Fix[], more: { readonly batch?: number; readonly restMs?: number } = {}) =>
  driveStep(trackDriver(rules), fixes, { latenessMs: minute, ...more });
const positions = (told: readonly Tracked[]) => told.flatMap((one) => (one.type === "position" ? [one.fix.id] : []));
const jumps = (told: readonly Tracked[]) =>
  told.flatMap((one) => (one.type === "jump" ? [`${one.driverId} ${one.jump.from.id} ${one.jump.to.id}`] : []));

test("a position is told at once, then one in a while, and the last one in the end", async () => {
  const fixes = [0, 4, 8, 12, 16].map((s) => fix("drv_1", s * 1_000, s * 10, `f${s}`));
  expect(positions((await tell(fixes, { restMs: 0 })).told)).toEqual(["f0", "f12"]);
  expect(positions((await tell(fixes)).told)).toEqual(["f0", "f12", "f16"]);
});

test("an older position, or one of the same time with a smaller id, is never told behind a newer one", async () => {
  const [b, z, a] = [fix("drv_1", 60_000, 1, "b"), fix("drv_1", 0, 1, "z"), fix("drv_1", 60_000, 1, "a")];
  const fixes = [b, z, a, fix("drv_1", 59_999)];
  expect(positions((await tell(fixes)).told)).toEqual(["b"]);
  expect(positions((await tell([...fixes, fix("drv_1", 60_000, 1, "c")])).told)).toEqual(["b", "c"]);
});

test("a spoofed position is two jumps: there and back", async () => {
  const { told } = await tell([
    fix("drv_1", 0, 0, "f1"),
    fix("drv_1", 4_000, 50, "f2"),
    fix("drv_1", 8_000, 90_000, "far"),
    fix("drv_1", 12_000, 150, "f3"),
    fix("drv_1", 16_000, 200, "f4"),
  ]);
  expect(jumps(told)).toEqual(["drv_1 f2 far", "drv_1 far f3"]);
});

test("positions that a device kept are judged when they come; those older than a judged one are not", async () => {
  const others = [0, 10, 20, 30, 40].map((m) => fix("drv_2", m * minute));
  const kept = [fix("drv_1", 0, 0, "f1"), fix("drv_1", 4_000, 50_000, "f2"), fix("drv_1", 8_000, 50_010, "f3")];
  expect(jumps((await tell([...others, ...kept])).told)).toEqual(["drv_1 f1 f2"]);
  const { told, memories } = await tell([...kept, ...others, fix("drv_1", 6_000, 0, "late")]);
  expect(jumps(told)).toEqual(["drv_1 f1 f2"]);
  expect(memories.get("drv_1")).toMatchObject({ unjudged: [], untold: null });
});

test("shuffled within the lateness, with a fifth twice: the same jumps, and the same last position", async () => {
  const east = fc.oneof(fc.nat(300), fc.constant(100_000));
  const paths = fc.array(fc.record({ driver: fc.nat(2), at: fc.nat(600), east }), { minLength: 1, maxLength: 60 });
  const move = fc.record({ delay: fc.nat(minute - 1), again: fc.nat(4), later: fc.nat(minute - 1) });
  const moves = fc.array(move, { minLength: 60, maxLength: 60 });
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(paths, moves, fc.integer({ min: 1, max: 9 }), async (plans, delays, batch) => {
      const fixes = plans
        .map((plan, i) => fix(`drv_${plan.driver}`, plan.at * 1_000, plan.east, `f${i}`))
        .sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
      const { told: inOrder } = await tell(fixes);
      const { told: other } = await tell(
        shuffled(fixes, ({ timeMs }) => timeMs, delays),
        { batch },
      );
      expect(jumps(other).sort()).toEqual(jumps(inOrder).sort());
      seen += jumps(inOrder).length;
      const lastOf = (told: readonly Tracked[]) =>
        new Map(told.flatMap((one) => (one.type === "position" ? [[one.fix.driverId, one.fix.id] as const] : [])));
      const newest = new Map(fixes.map((one) => [one.driverId, one.id]));
      expect(lastOf(other)).toEqual(newest);
      expect(lastOf(inOrder)).toEqual(newest);
    }),
    { numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(100);
});
