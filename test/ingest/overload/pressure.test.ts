import { expect, test } from "vitest";
import { createPressure, type Pressure } from "../../../ingest/overload/pressure.ts";
import { createMetrics } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";

function pressureOf(bytes: { inFlight: number; buffered: number }, loopDelayMs = 0): Pressure {
  return createPressure({
    limits: { loopDelayMs, inFlightBytes: 100, bufferedBytes: 1_000 },
    shedBulkAt: 0.5,
    shedNormalAt: 0.75,
    inFlightBytes: () => bytes.inFlight,
    bufferedBytes: () => bytes.buffered,
    metrics: createMetrics(),
  });
}

test("the shares grow with the fuller of the two", () => {
  const bytes = { inFlight: 0, buffered: 0 };
  const pressure = pressureOf(bytes);
  const shares = (inFlight: number, buffered: number) => {
    Object.assign(bytes, { inFlight, buffered });
    return pressure.shares();
  };
  expect(shares(50, 500)).toEqual({ bulk: 0, normal: 0 });
  expect(shares(60, 500)).toEqual({ bulk: expect.closeTo(0.4), normal: 0 });
  expect(shares(60, 750)).toEqual({ bulk: 1, normal: 0 });
  expect(shares(0, 800)).toEqual({ bulk: 1, normal: expect.closeTo(0.2) });
  expect(shares(200, 0)).toEqual({ bulk: 1, normal: 1 });
});

test("pressure that is gone is felt for a while, so that the door does not swing", async () => {
  const bytes = { inFlight: 100, buffered: 0 };
  const pressure = pressureOf(bytes);
  await pressure.start(() => undefined);
  const held = () => {
    bytes.inFlight = 0;
    const { bulk } = pressure.shares();
    bytes.inFlight = 100;
    return bulk;
  };
  await eventually(() => held() === 1, { everyMs: 20 });
  bytes.inFlight = 0;
  expect(pressure.shares().bulk).toBe(1);
  await eventually(() => pressure.shares().bulk > 0 && pressure.shares().bulk < 1, { everyMs: 20 });
  await eventually(() => pressure.shares().bulk === 0, { everyMs: 20 });
  await pressure.stop();
});

test("an event loop that is kept busy is pressure", async () => {
  const pressure = pressureOf({ inFlight: 0, buffered: 0 }, 40);
  await pressure.start(() => undefined);
  expect(pressure.shares()).toEqual({ bulk: 0, normal: 0 });
  const busy = setInterval(() => {
    const until = performance.now() + 60;
    while (performance.now() < until);
  }, 1);
  await eventually(() => pressure.shares().bulk === 1, { everyMs: 1 });
  clearInterval(busy);
  await pressure.stop();
});
