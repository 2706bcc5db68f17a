import { expect, test } from "vitest";
import type { Verdict } from "../../ingest/accept-event.ts";
import { storeEvents } from "../../ingest/store-events.ts";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { EventType } from "../../schemas/index.ts";

const event = (id: string, topic: string): Verdict => ({
  ok: true,
  id,
  type: { name: topic, topic } as EventType,
  schemaId: 1,
  record: { key: id, value: null },
});
const bad: Verdict = { ok: false, id: undefined, type: undefined, violations: [] };

/** Remembers what it was given and refuses one topic. */
function recorder(refusedTopic?: string) {
  const sent: [string, unknown[]][] = [];
  const send = async (topic: string, records: readonly OutgoingRecord[]) => {
    sent.push([topic, records.map((record) => record.key)]);
    if (topic === refusedTopic) throw new PipelineError("kafka_produce_failed");
  };
  return { send, sent };
}

test("one call a topic, in the order of the request", async () => {
  const producer = recorder();
  const verdicts = [event("1", "a"), event("2", "b"), bad, event("3", "a"), event("4", "a")];
  expect(await storeEvents(producer, verdicts)).toEqual(new Map());
  expect(producer.sent).toEqual([
    ["a", ["1", "3", "4"]],
    ["b", ["2"]],
  ]);
});

test("nothing accepted is nothing sent", async () => {
  const producer = recorder();
  await storeEvents(producer, [bad]);
  await storeEvents(producer, [bad, bad]);
  await storeEvents(producer, []);
  expect(producer.sent).toEqual([]);
});

test("a topic that fails does not take the others with it", async () => {
  const unstored = await storeEvents(recorder("b"), [event("1", "a"), event("2", "b")]);
  expect([...unstored.keys()]).toEqual(["b"]);
  expect([...(await storeEvents(recorder("a"), [event("1", "a")])).keys()]).toEqual(["a"]);
  expect([...(await storeEvents(recorder("a"), [event("1", "a"), event("2", "a")])).keys()]).toEqual(["a"]);
});
