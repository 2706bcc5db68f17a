import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import "../../kafka/kafkajs.ts";

const RequestQueue = createRequire(import.meta.url)("kafkajs/src/network/requestQueue/index.js");

afterEach(() => void vi.useRealTimers());

/** A queue of kafkajs for so many requests at a time, and what it has sent. */
function queueFor(maxInFlightRequests: number) {
  const logger = { namespace: () => logger, debug: () => undefined, warn: () => undefined };
  const settings = { maxInFlightRequests, requestTimeout: 2_000, enforceRequestTimeout: false, clientId: "c" };
  const queue = new RequestQueue({ ...settings, broker: "b", logger, isConnected: () => true });
  const sent: number[] = [];
  const push = (correlationId: number) =>
    queue.push({
      entry: { correlationId, resolve: () => undefined, reject: () => undefined },
      expectResponse: true,
      sendRequest: () => void sent.push(correlationId),
    });
  const answer = (correlationId: number) => queue.fulfillRequest({ correlationId, payload: null, size: 0 });
  return { queue, sent, push, answer };
}

test("a connection whose requests are answered sets no timer, nor one whose time lies in the past", () => {
  vi.useFakeTimers();
  const { push, answer, sent } = queueFor(5);
  for (const id of [1, 2, 3]) push(id);
  for (const id of [1, 2, 3]) answer(id);
  expect(sent).toEqual([1, 2, 3]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what has to wait is sent when there is room, and when the broker's time of rest is over", () => {
  vi.useFakeTimers();
  const { queue, push, answer, sent } = queueFor(1);
  push(1);
  push(2);
  answer(1);
  expect(sent).toEqual([1, 2]);
  answer(2);
  queue.maybeThrottle(1_000);
  push(3);
  vi.advanceTimersByTime(900);
  expect(sent).toEqual([1, 2]);
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([1, 2, 3]);
  answer(3);
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
});
