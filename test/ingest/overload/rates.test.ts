import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { anySender, type Sender } from "../../../ingest/identity/sender.ts";
import { createRates, type RateRules, type Rates } from "../../../ingest/overload/rates.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const app = anySender("app");
const deviceOf = (subject: string): Sender => ({ ...app, subject, device: subject });

function ratesOf(rules: RateRules, maxSenders = 1_000): Rates {
  const rates = createRates(rules, maxSenders);
  if (rates === undefined) throw new Error("no rates");
  return rates;
}

test("without a rule there is nothing to ask", () => {
  expect(createRates({}, 10)).toBeUndefined();
});

test("a burst passes at once, then so many a second", () => {
  const rates = ratesOf({ device: { perSecond: 10, burst: 100 } });
  const device = deviceOf("drv_1");
  expect(rates.takeAll(device, 100)).toBe(true);
  expect(rates.takeAll(device, 1)).toBe(false);
  expect(rates.waitOf(device)).toBe(100);
  vi.advanceTimersByTime(1_500);
  expect(rates.takeAll(device, 15)).toBe(true);
  expect(rates.takeAll(device, 1)).toBe(false);
  vi.advanceTimersByTime(3_600_000);
  expect(rates.takeAll(device, 101)).toBe(false);
  expect(rates.takeAll(device, 100)).toBe(true);
});

test("of too many events the first pass, and the answer says when the others may", () => {
  const rates = ratesOf({ device: { perSecond: 10, burst: 100 } });
  const device = deviceOf("drv_1");
  expect(rates.takeSome(device, 130, 0)).toEqual({ normal: 100, critical: 0, by: "device", retryAfterMs: 3_000 });
  // No more can be there at once than a burst.
  expect(rates.takeSome(device, 500, 0)).toMatchObject({ normal: 0, retryAfterMs: 10_000 });
});

test("one device's events are no other's", () => {
  const rates = ratesOf({ device: { perSecond: 1, burst: 10 } });
  expect(rates.takeAll(deviceOf("drv_1"), 10)).toBe(true);
  expect(rates.takeAll(deviceOf("drv_1"), 1)).toBe(false);
  expect(rates.takeAll(deviceOf("drv_2"), 10)).toBe(true);
});

test("critical events have buckets of their own when the first ones are empty", () => {
  const rates = ratesOf({ key: { perSecond: 1, burst: 10 }, device: { perSecond: 1, burst: 10 } });
  const device = deviceOf("drv_1");
  expect(rates.takeAll(device, 10)).toBe(true);
  expect(rates.takeSome(device, 5, 8)).toMatchObject({ normal: 0, critical: 8 });
  expect(rates.takeSome(device, 0, 8)).toMatchObject({ critical: 2, retryAfterMs: 6_000 });
});

test("a key's rate counts all its devices together, and neither bucket loses what the other refuses", () => {
  const rates = ratesOf({ key: { perSecond: 1, burst: 15 }, device: { perSecond: 1, burst: 10 } });
  expect(rates.takeAll(deviceOf("drv_1"), 10)).toBe(true);
  expect(rates.takeAll(deviceOf("drv_2"), 6)).toBe(false);
  expect(rates.takeSome(deviceOf("drv_2"), 6, 0)).toMatchObject({ normal: 5, by: "key", retryAfterMs: 1_000 });
  expect(rates.fieldsOf(deviceOf("drv_2"))).toEqual({
    policy: '"key";q=15;w=15;qu="events", "device";q=10;w=10;qu="events"',
    state: '"key";r=0;t=15, "device";r=5;t=5',
  });
});

test("a sender without a token is counted by its address, if that has a rate", () => {
  const anonymous: Sender = { ...app, device: "192.0.2.1" };
  expect(ratesOf({ device: { perSecond: 1, burst: 1 } }).concerns(anonymous)).toBe(false);
  const rates = ratesOf({ address: { perSecond: 1, burst: 1 } });
  expect(rates.concerns(anonymous)).toBe(true);
  expect(rates.concerns(deviceOf("192.0.2.1"))).toBe(false);
  expect(rates.concerns(app)).toBe(false);
  expect(rates.takeAll(anonymous, 1)).toBe(true);
  expect(rates.takeAll(anonymous, 1)).toBe(false);
});

test("memory is bounded: the sender not seen for the longest begins anew", () => {
  const rates = ratesOf({ device: { perSecond: 1, burst: 1 } }, 100);
  for (let i = 0; i < 1_000; i++) {
    rates.takeAll(deviceOf(`drv_${i}`), 1);
    // The one that never stops asking is not forgotten.
    expect(rates.takeAll(deviceOf("drv_0"), 1)).toBe(false);
  }
  expect(rates.size).toBe(100);
  expect(rates.takeAll(deviceOf("drv_1"), 1)).toBe(true);
});

test("a sender that can wait is told how many events may come at once, and when", () => {
  const rates = ratesOf({ key: { perSecond: 10, burst: 100 }, device: { perSecond: 1, burst: 20 } });
  const device = deviceOf("drv_1");
  expect(rates.pace(device, 50)).toEqual({ events: 20, waitMs: 0 });
  expect(rates.takeAll(device, 15)).toBe(true);
  expect(rates.pace(device, 3)).toEqual({ events: 3, waitMs: 0 });
  expect(rates.pace(device, 50)).toEqual({ events: 20, waitMs: 15_000 });
  expect(rates.pace(app, 50)).toEqual({ events: 50, waitMs: 0 });
});
