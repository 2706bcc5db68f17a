import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createConsumer, endsOfTopics, type KafkaConnection, withAdmin } from "../../kafka/index.ts";
import { createMetrics, createService, type Logger, messageOf, type Service } from "../../runtime/index.ts";
import type { PlacedRecord } from "./describe.ts";
import type { LiveState } from "./shapes.ts";

export type TailFollower = {
  onState(state: LiveState): void;
  onRecords(records: readonly PlacedRecord[]): Promise<void>;
};

export type TailParts = {
  readonly connection: KafkaConnection;
  readonly topics: readonly string[];
  readonly log: Logger;
};

export type Tail = Service & {
  /** Gives what arrives from now on; the answer ends it. */
  follow(follower: TailFollower): () => void;
};

/** How long it goes on after the last follower, so that a page that is loaded again joins no new group. */
const lingerMs = 10_000;
const retryMs = 2_000;

/**
 * Reads what arrives in some topics, once for all who follow, and nothing while nobody does. It begins where the topics end at that moment, which
 * is asked before the group is joined: what arrives while the group is joined is not missed, nor what arrives while Kafka cannot be read. The group is its own,
 * and is deleted behind it.
 */
export function createTail({ connection, topics, log }: TailParts): Tail {
  const followers = new Set<TailFollower>();
  let state: LiveState = { state: "joining" };
  let running: { readonly abort: AbortController; readonly over: Promise<void> } | undefined;
  let lingering: NodeJS.Timeout | undefined;

  function become(next: LiveState): void {
    state = next;
    for (const follower of followers) follower.onState(next);
  }

  /** @param next where to go on, by topic and partition; it is kept up to date */
  async function readUntil(signal: AbortSignal, next: Map<string, bigint>, since: number): Promise<void> {
    const groupId = `console-live-${randomUUID()}`;
    const ended = Promise.withResolvers<never>();
    // Nobody may be waiting when it ends.
    ended.promise.catch(() => undefined);
    for (const { topic, partition, low, high } of await endsOfTopics(connection, topics)) {
      const place = `${topic}/${partition}`;
      const offset = next.get(place) ?? high;
      // Unless retention has passed it.
      if (offset >= low) next.set(place, offset);
      else next.set(place, low);
    }
    const consumer = createConsumer({
      ...{ name: "live", connection, groupId, topics, log, maxWaitMs: 100, concurrency: 2 },
      // The group is gone in a while, and its name would stay in the metrics for ever.
      metrics: createMetrics(),
      // A partition that was added meanwhile is new as a whole.
      startAt: (topic, partition) => next.get(`${topic}/${partition}`) ?? 0n,
      async onBatch({ topic, partition, records, nextOffset }) {
        const placed = records.map((record) => ({ topic, partition, record }));
        for (const follower of followers) await follower.onRecords(placed);
        next.set(`${topic}/${partition}`, nextOffset);
      },
    });
    const cut = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    try {
      await Promise.race([cut, consumer.start(ended.reject)]);
      if (!signal.aborted) become({ state: "reading", since });
      await Promise.race([cut, ended.promise]);
    } finally {
      await consumer.stop();
      // Where that fails, the broker forgets an empty group by itself.
      await withAdmin(connection, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const next = new Map<string, bigint>();
    const since = Date.now();
    become({ state: "joining" });
    while (!signal.aborted) {
      try {
        await readUntil(signal, next, since);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, "the live view cannot read Kafka and tries again");
        become({ state: "broken", why: messageOf(error) });
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  function begin(): void {
    clearTimeout(lingering);
    if (running !== undefined) return;
    const abort = new AbortController();
    running = { abort, over: run(abort.signal) };
  }

  async function end(): Promise<void> {
    clearTimeout(lingering);
    const ending = running;
    running = undefined;
    ending?.abort.abort();
    await ending?.over;
  }

  return Object.assign(
    createService({
      name: "live",
      start: () => undefined,
      stop() {
        followers.clear();
        return end();
      },
    }),
    {
      follow(follower: TailFollower) {
        followers.add(follower);
        begin();
        follower.onState(state);
        return () => {
          if (!followers.delete(follower) || followers.size > 0) return;
          lingering = setTimeout(() => void end(), lingerMs);
        };
      },
    },
  );
}
