import { createRequire } from "node:module";
import { expect, test } from "vitest";
import "../../kafka/kafkajs.ts";

const load = createRequire(import.meta.url);
const OffsetManager = load("kafkajs/src/consumer/offsetManager/index.js");

function broker(refuses: () => string | undefined) {
  const committed: unknown[] = [];
  return {
    committed,
    isConnected: () => true,
    async offsetCommit({ topics }: { readonly topics: unknown }) {
      const type = refuses();
      if (type !== undefined) throw Object.assign(new Error(type), { type });
      committed.push(topics);
    },
  };
}

const topics = [{ topic: "t", partitions: [{ partition: 0, offset: "5" }] }];

function offsetsOf(coordinator: object, cluster: object) {
  return new OffsetManager({
    ...{
      cluster: { committedOffsets: () => ({ t: {} }), ...cluster },
      coordinator,
      groupId: "g",
      generationId: 1,
      memberId: "m",
    },
    ...{ memberAssignment: { t: [0] }, topicConfigurations: {}, instrumentationEmitter: { emit: () => undefined } },
  });
}

test("when the group has moved a commit fails once, and the next one goes to its new coordinator", async () => {
  const old = broker(() => "NOT_COORDINATOR_FOR_GROUP");
  const next = broker(() => undefined);
  const asked: unknown[] = [];
  const offsets = offsetsOf(old, {
    refreshMetadata: async () => undefined,
    findGroupCoordinator: async (of: unknown) => {
      asked.push(of);
      return next;
    },
  });
  await expect(offsets.commitOffsets({ topics })).rejects.toMatchObject({ type: "NOT_COORDINATOR_FOR_GROUP" });
  await offsets.commitOffsets({ topics });
  expect(asked).toEqual([{ groupId: "g" }]);
  expect(next.committed).toEqual([topics]);
});

test("a commit that is refused for another reason asks for no other coordinator", async () => {
  const coordinator = broker(() => "ILLEGAL_GENERATION");
  const offsets = offsetsOf(coordinator, {});
  await expect(offsets.commitOffsets({ topics })).rejects.toMatchObject({ type: "ILLEGAL_GENERATION" });
});
