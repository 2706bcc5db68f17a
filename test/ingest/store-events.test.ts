import { expect, test } from "vitest";
import type { Verdict } from "../../ingest/events/verdict.ts";
import { type Destination, storeEvents } from "../../ingest/store-events.ts";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { EventType } from "../../schemas/index.ts";

const event = (id: string, topic: string): Verdict => ({
  outcome: "accepted",
  id,
  type: { name: topic, topic } as EventType,
  schemaId: 1,
  occurredAt: 0,
  record: { key: id, value: null },
});
const bad: Verdict = { outcome: "rejected", id: undefined, type: undefined, violations: [] };

/** Remembers what it was given, refuses one topic and keeps another on its disk. */
function recorder({ refused, local }: { refused?: string; local?: string } = {}) {
  const sent: [string, unknown[], boolean][] = [];
  const send = async (topic: string, records: readonly OutgoingRecord[], options: { replicated: boolean }) => {
    sent.push([topic, records.map((record) => record.key), options.replicated]);
    if (topic === refused) throw new PipelineError("kafka_produce_buffer_full");
    return topic === local ? ("local" as const) : ("replicated" as const);
  };
  return { send, sent };
}

async function store(destination: Destination, verdicts: Verdict[], replicated = false): Promise<string[]> {
  await storeEvents(destination, verdicts, replicated);
  return verdicts.map(({ outcome }) => outcome);
}

test("one call a topic, in the order of the request", async () => {
  const destination = recorder();
  const verdicts = [event("1", "a"), event("2", "b"), bad, event("3", "a"), event("4", "a")];
  expect(await store(destination, verdicts, true)).toEqual([
    "accepted",
    "accepted",
    "rejected",
    "accepted",
    "accepted",
  ]);
  expect(destination.sent).toEqual([
    ["a", ["1", "3", "4"], true],
    ["b", ["2"], true],
  ]);
});

test("nothing accepted is nothing sent", async () => {
  const destination = recorder();
  await store(destination, [bad]);
  await store(destination, [bad, bad]);
  await store(destination, []);
  expect(destination.sent).toEqual([]);
});

test("a topic that fails does not take the others with it", async () => {
  const verdicts = [event("1", "a"), event("2", "b"), event("3", "a")];
  expect(await store(recorder({ refused: "b" }), verdicts)).toEqual(["accepted", "retry", "accepted"]);
  expect(verdicts[1]).toMatchObject({ id: "2", code: "kafka_produce_buffer_full" });
  expect(await store(recorder({ refused: "a" }), [event("1", "a")])).toEqual(["retry"]);
});

test("what is only on the disk says so", async () => {
  const verdicts = [event("1", "a"), event("2", "b")];
  await store(recorder({ local: "b" }), verdicts);
  expect(verdicts[0]).not.toHaveProperty("durability");
  expect(verdicts[1]).toMatchObject({ outcome: "accepted", durability: "local" });
});
