import { expect, test } from "vitest";
import { anySender, type Sender } from "../../../ingest/identity/sender.ts";
import { createGate } from "../../../ingest/overload/gate.ts";
import type { Shares } from "../../../ingest/overload/pressure.ts";
import { createRates, type RateRules } from "../../../ingest/overload/rates.ts";
import { createMetrics } from "../../../runtime/index.ts";
import { locationEvent, offlineKnowledge } from "../knowledge.ts";

const { catalogue } = offlineKnowledge();
const device: Sender = { ...anySender("app"), subject: "drv_1", device: "drv_1" };

const bulk = locationEvent({ id: "bulk" });
const normal = { id: "normal", type: "driver.status" };
const critical = { id: "critical", type: "safety.sos" };

/** A rate fills up by the real clock while the test runs. */
const atMost = (ms: number) => expect.toSatisfy((given: number) => given > 0 && given <= ms);

function gateOf({
  shares = { bulk: 0, normal: 0 },
  rules = {},
  draw = 0.5,
}: {
  shares?: Shares;
  rules?: RateRules;
  draw?: number;
}) {
  const metrics = createMetrics();
  const gate = createGate({
    rates: createRates(rules, 100),
    pressure: { shares: () => shares },
    catalogue,
    smallBytes: 1_000,
    metrics,
    random: () => draw,
  });
  return { gate, metrics };
}

test("without pressure and below its rate nothing is turned away", () => {
  const { gate } = gateOf({ rules: { device: { perSecond: 1, burst: 10 } } });
  expect(gate.turnAway([bulk, normal, critical, 7, null], device)).toBeUndefined();
});

test("classes are shed from below, and critical events never", () => {
  const codes = (shares: Shares, draw: number) =>
    gateOf({ shares, draw })
      .gate.turnAway([bulk, normal, critical, { type: "?" }], device)
      ?.map((retry) => retry?.code);
  expect(codes({ bulk: 0.4, normal: 0 }, 0.5)).toBeUndefined();
  expect(codes({ bulk: 0.6, normal: 0 }, 0.5)).toEqual(["event_shed", undefined, undefined, "event_shed"]);
  expect(codes({ bulk: 1, normal: 0.4 }, 0.5)).toEqual(["event_shed", undefined, undefined, "event_shed"]);
  expect(codes({ bulk: 1, normal: 1 }, 0.99)).toEqual(["event_shed", "event_shed", undefined, "event_shed"]);
});

test("what is turned away has its id, and is counted by class and reason", async () => {
  const { gate, metrics } = gateOf({ shares: { bulk: 1, normal: 0 }, rules: { device: { perSecond: 1, burst: 2 } } });
  expect(gate.turnAway([normal, bulk, normal, normal, critical], device)).toEqual([
    undefined,
    { outcome: "retry", id: "bulk", type: catalogue.types.get("driver.location"), code: "event_shed" },
    expect.objectContaining({ id: "normal", code: "request_rate_limited", retryAfterMs: atMost(2_250) }),
    expect.objectContaining({ id: "normal", code: "request_rate_limited", retryAfterMs: atMost(2_250) }),
    undefined,
  ]);
  const text = await metrics.registry.metrics();
  expect(text).toContain('hailstream_ingest_shed_events_total{class="bulk",reason="pressure"} 1');
  expect(text).toContain('hailstream_ingest_shed_events_total{class="normal",reason="device"} 2');
  expect(text).toContain("hailstream_ingest_rate_senders 1");
});

test("a large body of a sender over its rate is not read; a small one may hold a critical event", () => {
  const { gate } = gateOf({ rules: { device: { perSecond: 1, burst: 2 } } });
  gate.turnBack(device, 100_000);
  gate.turnAway([normal, normal], device);
  gate.turnBack(device, 1_000);
  const limited = expect.objectContaining({ code: "request_rate_limited", fields: { retry_after_ms: atMost(1_125) } });
  expect(() => gate.turnBack(device, 1_001)).toThrow(limited);
  expect(() => gate.turnBack(device, Number.NaN)).toThrow(limited);
  gate.turnBack(anySender("app"), 100_000);
});
