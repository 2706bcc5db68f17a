import { expect, test } from "vitest";
import { WindowClock } from "../../../ingest/duplicates/window-clock.ts";

test("positions leave the window when they are as old as it, and not before", () => {
  const clock = new WindowClock(10_240);
  for (let time = 0; time <= 5_000; time += 10) clock.mark(time / 10, time);
  expect(clock.firstWithin(10_239)).toBe(0);
  expect(clock.firstWithin(10_240 + 1_000)).toBe(100);
  expect(clock.firstWithin(10_240 + 1_005)).toBe(100);
  expect(clock.firstWithin(10_240 + 9_000)).toBe(500);
});

test("without new events there is nothing to mark", () => {
  const clock = new WindowClock(1_000);
  clock.mark(5, 1_000);
  clock.mark(5, 1_999);
  expect(clock.firstWithin(2_000)).toBe(5);
});

test("it does not grow with the number of events", () => {
  const clock = new WindowClock(1_024_000);
  for (let time = 0; time < 5_000; time++) clock.mark(time, time);
  // A mark a second: the end of the window is as exact as that.
  expect(clock.firstWithin(1_024_000 + 4_999)).toBe(4_000);
});
