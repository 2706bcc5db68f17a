import { setTimeout as delay } from "node:timers/promises";
import type { Polled } from "../../audit/index.ts";
import { createConsumer, headerText, type KafkaConnection, type KafkaRecord } from "../../kafka/index.ts";
import { createMetrics, type Logger, type Service } from "../../runtime/index.ts";

const keptRecords = 20;
const beginAgainMs = 500;

/** A consumer as ours are, which reads along while everything breaks: what it was given is part of the history. */
export type Witness = {
  readonly polled: readonly Polled[];
  readonly group: string;
  /** Some of the newest records of a topic, as they are. */
  newest(topic: string): readonly KafkaRecord[];
  stop(): Promise<void>;
};

/** One that dies is followed by the next, as a supervisor would have it; each begins with a new generation. */
export async function startWitness(
  connection: KafkaConnection,
  topics: readonly string[],
  log: Logger,
): Promise<Witness> {
  const polled: Polled[] = [];
  const newest = new Map<string, KafkaRecord[]>();
  const group = "faults-witness";
  let stopped = false;
  let current: Service | undefined;
  let hasBegun: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });

  /** Until it dies, be that while it begins: a broker that stands still may refuse it. */
  async function live(life: number): Promise<void> {
    const consumer = createConsumer({
      ...{ name: "witness", connection, groupId: group, topics, metrics: createMetrics(), log },
      ...{ concurrency: 4, sessionTimeoutMs: 10_000 },
      async onBatch({ topic, partition, records }, control) {
        const generation = life * 1_000_000 + control.generation;
        for (const record of records) {
          const id = headerText(record, "ce_id") ?? "";
          polled.push({ consumer: group, generation, topic, partition, offset: Number(record.offset), id });
        }
        newest.set(topic, [...(newest.get(topic) ?? []), ...records].slice(-keptRecords));
      },
    });
    current = consumer;
    await new Promise((_, reject) => {
      consumer.start(reject).then(hasBegun, reject);
    }).catch((cause: unknown) => log.warn({ err: cause, life }, "the witness died and begins anew"));
    await consumer.stop();
  }

  async function liveOn(): Promise<void> {
    for (let life = 0; !stopped; life++) {
      await live(life);
      await delay(beginAgainMs);
    }
  }

  void liveOn();
  await begun;
  return {
    polled,
    group,
    newest: (topic) => newest.get(topic) ?? [],
    async stop() {
      stopped = true;
      await current?.stop();
    },
  };
}
