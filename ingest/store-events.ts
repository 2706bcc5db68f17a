import type { OutgoingRecord } from "../kafka/index.ts";
import { type ErrorCode, PipelineError } from "../runtime/index.ts";
import type { Accepted, Verdict } from "./events/verdict.ts";

/** Where accepted events go: Kafka, or the disk while Kafka is away. */
export type Destination = {
  /**
   * Resolves when every record is stored, with where: "replicated" on all in-sync replicas of Kafka, "local" on this server's disk.
   * @param options `replicated`: the sender does not take "local" for an answer.
   * @throws PipelineError
   */
  send(
    topic: string,
    records: readonly OutgoingRecord[],
    options: { readonly replicated: boolean },
  ): Promise<"replicated" | "local">;
};

/**
 * Stores the accepted events and waits for the acknowledgement, one call a topic. Events of a topic that did not take them become
 * `retry`, in place; the others stay. Never rejects: what could not be stored is part of the answer.
 */
export function storeEvents(destination: Destination, verdicts: Verdict[], replicated: boolean): Promise<unknown> {
  const topics = byTopic(verdicts);
  const stores = [...topics].map(([topic, indexes]) => storeTopic(destination, topic, indexes, verdicts, replicated));
  return stores.length === 1 ? (stores[0] as Promise<unknown>) : Promise.all(stores);
}

async function storeTopic(
  destination: Destination,
  topic: string,
  indexes: readonly number[],
  verdicts: Verdict[],
  replicated: boolean,
): Promise<void> {
  const records = indexes.map((index) => (verdicts[index] as Accepted).record);
  try {
    const durability = await destination.send(topic, records, { replicated });
    if (durability === "replicated") return;
    for (const index of indexes) verdicts[index] = { ...(verdicts[index] as Accepted), durability };
  } catch (error) {
    const code: ErrorCode = error instanceof PipelineError ? error.code : "kafka_produce_failed";
    for (const index of indexes) {
      const { id, type } = verdicts[index] as Accepted;
      verdicts[index] = { outcome: "retry", id, type, code };
    }
  }
}

/** The indexes of the accepted events of each topic, in the order of the request. */
function byTopic(verdicts: readonly Verdict[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  let topic: string | undefined;
  let indexes: number[] = [];
  for (let index = 0; index < verdicts.length; index++) {
    const verdict = verdicts[index] as Verdict;
    if (verdict.outcome !== "accepted") continue;
    // Neighbours are mostly of one topic, so the map is asked only when it changes.
    if (verdict.type.topic !== topic) {
      topic = verdict.type.topic;
      indexes = topics.get(topic) ?? [];
      topics.set(topic, indexes);
    }
    indexes.push(index);
  }
  return topics;
}
