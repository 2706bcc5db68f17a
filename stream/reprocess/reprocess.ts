import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  ensureTopics,
  type KafkaConnection,
  type OutgoingRecord,
  type Producer,
  removeWorkspace,
  topicEnds,
} from "../../kafka/index.ts";
import { createKeyedQueue, type Logger, type Metrics, PipelineError, type Service } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import {
  beginRebuild,
  type Correction,
  claim,
  createPostgresStateStore,
  type Database,
  dropRebuild,
  type OutboxRecord,
  seedRebuild,
  switchToRebuild,
  touchRebuild,
} from "../../store/index.ts";
import type { RememberingFlow } from "../state/remembering-flow.ts";
import { createComparison, type Verdict } from "./comparison.ts";
import { type RebuildPartition, rebuildPartition } from "./rebuild-partition.ts";
import { asDecided, toldOf } from "./told.ts";
import { createTopicFollower } from "./topic-follower.ts";

export type ReprocessParts = {
  readonly flow: RememberingFlow;
  readonly connection: KafkaConnection;
  readonly schemas: Pick<Schemas, "decode">;
  /** As its owner, or as the role of the processors. Started and stopped by whoever made it; so is the producer. */
  readonly db: Database;
  readonly producer: Pick<Producer, "send">;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** As the live processor has them. */
  readonly groupPrefix: string;
  readonly topicPrefix?: string;
  readonly idleMs: number;
  readonly maxCachedKeys: number;
  readonly concurrency: number;
  /** Results told from here up to there are compared and corrected; by the clock, ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Ends the work and leaves the live processor as it is; without effect once the switch is decided. */
  readonly signal: AbortSignal;
  onProgress(records: { readonly done: number; readonly total: number }): void;
  /** Asked when everything is compared: whether to switch. The rebuilt processor follows meanwhile. */
  decide(verdict: Verdict): Promise<boolean>;
};

export type ReprocessReport = Verdict & {
  /** Records that were read again. */
  readonly read: number;
  readonly switched: boolean;
  /** Results that were told anew. */
  readonly corrected: number;
};

const switchPatienceMs = 60_000;
const day = 24 * 3_600_000;

/**
 * Rebuilds the memory and the results of a processor from Kafka beside the live one, compares, and on demand gives the live one the rebuilt memory and
 * tells the results that were wrong anew, under higher revisions. Until the switch the live processor is not touched.
 * @throws PipelineError reprocess_running, reprocess_behind, reprocess_unfit, kafka_*, store_*; AbortError
 */
export async function reprocess(parts: ReprocessParts): Promise<ReprocessReport> {
  const { flow, connection, db, log, metrics, signal, concurrency, topicPrefix = "" } = parts;
  const consumer = `${parts.groupPrefix}${flow.name}`;
  const id = `${new Date().toISOString().slice(0, 19).replaceAll(/\D/g, "")}-${randomBytes(3).toString("hex")}`;
  const topic = topicPrefix + flow.source;
  const rebuild = { name: `${consumer}@${id}`, consumer, topic };
  const besides = (output: string) => `${topicPrefix}${output}-rebuild-${id}`;
  const groups = { results: `${rebuild.name}-results`, source: rebuild.name };
  const comparison = createComparison(parts.fromMs, parts.toMs);
  const services: Service[] = [];
  const queue = createKeyedQueue<number>();
  const partitions = new Map<number, RebuildPartition>();
  let isOver = false;
  let verdict: Verdict = comparison.verdict();
  let failure: unknown;
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);

  if (!(await beginRebuild(db, rebuild))) throw new PipelineError("reprocess_running", { fields: { consumer } });
  const beat = setInterval(() => void touchRebuild(db, rebuild.name).catch(() => undefined), 5_000);
  try {
    return await run();
  } catch (error) {
    throw failure ?? error;
  } finally {
    for (const service of services.reverse()) await service.stop().catch(() => undefined);
    clearInterval(beat);
    const made = { topics: flow.outputs.map(besides), groups: Object.values(groups) };
    await removeWorkspace(connection, made).catch((error: unknown) =>
      log.warn({ err: error, ...made }, "what was made in Kafka for the rebuild stays behind"),
    );
    await dropRebuild(db, rebuild.name);
  }

  async function run(): Promise<ReprocessReport> {
    await ensureTopics(connection, await Promise.all(flow.outputs.map(workspaceTopic)));
    const results = follow(groups.results, flow.outputs, async (batch) => {
      const output = batch.topic.slice(topicPrefix.length);
      for (const record of batch.records) await addLive(asDecided(output, record), Number(record.timestamp));
    });
    await start(results);
    await results.catchUp(ended);
    const { highestRevision } = comparison;
    const base = highestRevision === undefined ? 0 : (Math.floor(highestRevision / 1_000) + 1) * 1_000;
    const ends = await topicEnds(connection, topic);
    await seedRebuild(db, rebuild, ends, base);
    for (const { partition, low } of ends) partitions.set(partition, await open(partition, low));

    const source = follow(groups.source, [flow.source], (batch) =>
      queue.run(batch.partition, async () => {
        if (!isOver) await partitions.get(batch.partition)?.take(batch);
      }),
    );
    await start(source);
    const shown = setInterval(() => parts.onProgress(source.progress), 200);
    try {
      await catchUp();
      verdict = comparison.verdict();
      parts.onProgress(source.progress);
      const switched = await parts.decide(verdict);
      ended.throwIfAborted();
      const corrected = switched ? await switchOver() : 0;
      return { ...verdict, read: source.progress.done, switched, corrected };
    } finally {
      clearInterval(shown);
    }

    async function catchUp(): Promise<void> {
      await source.catchUp(ended);
      for (const [partition, one] of partitions) await queue.run(partition, () => one.rest(Date.now()));
      await results.catchUp(ended);
    }

    async function switchOver(): Promise<number> {
      const deadline = Date.now() + switchPatienceMs;
      let corrections: readonly Correction[] = [];
      for (;;) {
        await catchUp();
        const release = await holdAll();
        try {
          const done = await switchToRebuild(db, rebuild, async ({ outbox }) => {
            for (const record of outbox) if (flow.outputs.includes(record.topic)) await addLive(record, Date.now());
            await results.catchUp(ended);
            // What is corrected is told from here on, and would be equal.
            verdict = comparison.verdict();
            corrections = comparison.corrections().map(({ record, partition = 0 }) => ({ record, partition }));
            return corrections;
          });
          // What still waits in line is the live processor's now.
          isOver = done;
          if (done) break;
        } finally {
          release();
        }
        if (Date.now() > deadline) throw new PipelineError("reprocess_behind", { fields: { consumer } });
      }
      await source.stop();
      await publish();
      return corrections.length;
    }
  }

  async function workspaceTopic(output: string) {
    const { length } = await topicEnds(connection, topicPrefix + output);
    return { name: besides(output), partitions: length, cleanup: "delete" as const, retentionMs: 7 * day };
  }

  function follow(
    groupId: string,
    topics: readonly string[],
    onBatch: Parameters<typeof createTopicFollower>[0]["onBatch"],
  ) {
    const names = topics.map((name) => topicPrefix + name);
    return createTopicFollower({ connection, groupId, topics: names, metrics, log, concurrency, onBatch });
  }

  async function start(service: Service): Promise<void> {
    ended.throwIfAborted();
    services.push(service);
    await service.start((cause) => {
      failure ??= cause;
      failed.abort();
    });
  }

  async function open(partition: number, low: bigint): Promise<RebuildPartition> {
    const own = await claim(db, rebuild.name, topic, partition, low);
    const store = createPostgresStateStore(db, rebuild.name, topic);
    const { idleMs, maxCachedKeys } = parts;
    return rebuildPartition({ flow, store, partition, ...own, idleMs, maxCachedKeys, tell });
  }

  async function tell(records: readonly OutboxRecord[], partition: number, atMs: number): Promise<void> {
    // Late events lie in their topic already.
    const own = records.filter((record) => flow.outputs.includes(record.topic));
    await send(own, besides);
    for (const record of own) {
      const told = await toldOf(parts.schemas, record, { atMs, partition });
      if (told !== undefined) comparison.add("rebuilt", told);
    }
  }

  async function addLive(record: OutboxRecord, atMs: number): Promise<void> {
    const told = await toldOf(parts.schemas, record, { atMs });
    if (told !== undefined) comparison.add("live", told);
  }

  async function send(records: readonly OutboxRecord[], nameOf: (output: string) => string): Promise<void> {
    const byTopic = Map.groupBy(records, (record) => record.topic);
    await Promise.all(
      [...byTopic].map(([to, list]) => {
        const outgoing = list.map(({ key, value, headers }): OutgoingRecord => ({ key, value, headers }));
        return parts.producer.send(nameOf(to), outgoing);
      }),
    );
  }

  /** Nothing is taken by any partition until it is released. */
  async function holdAll(): Promise<() => void> {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await Promise.all(
      [...partitions.keys()].map(
        (partition) =>
          new Promise<void>((held) => {
            void queue.run(partition, () => {
              held();
              return released;
            });
          }),
      ),
    );
    return release;
  }

  /** Writes the corrections; the live processor does it at its next claim when this process dies over it. */
  async function publish(): Promise<void> {
    const store = createPostgresStateStore(db, consumer, topic);
    for (const partition of partitions.keys()) {
      for (;;) {
        const rows = await store.outbox(partition, 1_000);
        if (rows.length === 0) break;
        await send(rows, (output) => topicPrefix + output);
        await store.acknowledge(rows.map(({ id }) => id));
        await delay(0);
      }
    }
  }
}
