import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import "../../kafka/kafkajs.ts";

const ConsumerGroup = createRequire(import.meta.url)("kafkajs/src/consumer/consumerGroup.js");

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
