import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import "../../kafka/kafkajs.ts";

const load = createRequire(import.meta.url);
const ConsumerGroup = load("kafkajs/src/consumer/consumerGroup.js");
const RequestQueue = load("kafkajs/src/network/requestQueue/index.js");

afterEach(() => void vi.useRealTimers());

/** A member of kafkajs as it is after a join, and the heartbeats that it sends. */
function member() {
  let beats = 0;
  const logger = { namespace: () => logger };
  const instrumentationEmitter = { emit: () => undefined };
  const group = new ConsumerGroup({ logger, instrumentationEmitter, retry: {}, topics: [], topicConfigurations: {} });
  const coordinator = {
    async heartbeat() {
      beats += 1;
    },
  };
  Object.assign(group, { memberId: "m", generationId: 1, coordinator });
  return { beat: () => group.heartbeat({ interval: 1_000 }), beats: () => beats };
}

test("a member goes on with its heartbeats when the clock is set back", async () => {
  vi.useFakeTimers({ now: 1_000_000_000, toFake: ["Date"] });
  const { beat, beats } = member();
  vi.setSystemTime(1_000_002_000);
  await beat();
  expect(beats()).toBe(1);
  await beat();
  expect(beats()).toBe(1);
  vi.setSystemTime(1_000_000_000 - 300_000);
  await beat();
  expect(beats()).toBe(2);
  await beat();
  expect(beats()).toBe(2);
  vi.setSystemTime(1_000_000_000 - 298_000);
  await beat();
  expect(beats()).toBe(3);
});

test("requests are given up after their time, whatever the wall clock is set to meanwhile", () => {
  vi.useFakeTimers({ now: 1_000_000_000 });
  const logger = { namespace: () => logger };
  const settings = { maxInFlightRequests: 5, requestTimeout: 2_000, enforceRequestTimeout: true, clientId: "c" };
  const queue = new RequestQueue({ ...settings, broker: "b", logger, isConnected: () => true });
  const given: number[] = [];
  const request = (number: number) => ({
    requestTimeout: 2_000,
    sentAt: Date.now(),
    timeoutRequest: () => void given.push(number),
  });
  queue.scheduleRequestTimeoutCheck();
  queue.inflight.set(1, request(1));
  vi.advanceTimersByTime(1_000);
  queue.inflight.set(2, request(2));
  vi.setSystemTime(Date.now() + 300_000);
  vi.advanceTimersByTime(500);
  expect(given).toEqual([]);
  vi.setSystemTime(Date.now() - 600_000);
  vi.advanceTimersByTime(800);
  expect(given).toContain(1);
  expect(given).not.toContain(2);
  queue.destroy();
});
