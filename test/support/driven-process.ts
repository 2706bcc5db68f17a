import type { OutgoingRecord } from "../../kafka/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import { deadLetterOf, deadLetterTopic } from "../../stream/dead-letter.ts";
import { type Flow, processBatch, type TurnedAway } from "../../stream/index.ts";
import { createAnnouncer } from "../../stream/state/announcer.ts";
import { lateEventTopic } from "../../stream/state/late-event.ts";
import { type Arrived, openPartition, type PartitionMemory } from "../../stream/state/open-partition.ts";
import { createPartitionClock, type PartitionClock } from "../../stream/state/partition-clock.ts";
import type { RememberingFlow } from "../../stream/state/remembering-flow.ts";
import { createMemoryStateStore, type MemoryStateStore } from "./memory-state-store.ts";
import type { MemoryTopics } from "./memory-topics.ts";

/** What the processes of a driver share. */
export type World = {
  readonly topics: MemoryTopics;
  /** Called before and after each effect; throws where a process is to die. */
  readonly point: (effect: string) => void;
  readonly now: () => number;
  readonly batchSize: number;
  readonly maxCachedKeys: number;
  readonly idleMs: number;
  readonly turnedAway: (flow: string, what: TurnedAway) => void;
};

/** A flow as it runs in one process: what it has in memory dies with `die`, what it wrote stays. */
export type DrivenProcess = {
  readonly name: string;
  /** Handles the next batch of a partition; false when there is nothing to read anywhere. */
  step(): Promise<boolean>;
  /** Event time by the clock in partitions that are quiet or held up by old records: how far each is to go. */
  quiet(): ReadonlyMap<number, number>;
  /** Lets the time of a partition pass to a moment without a record. */
  pass(partition: number, moment: number): Promise<void>;
  die(): void;
  /** Another process takes the partitions and leaves them again: what this one holds is void, and it does not know. */
  fence(): void;
  /** Of a flow that remembers. */
  readonly kept?: MemoryStateStore;
};

/** A batch counts as read once everything that came of it is written; only then the offset moves. As `createRunner` does it. */
export function driveFlow(world: World, flow: Flow): DrivenProcess {
  const { topics, point } = world;
  const committed = new Map<number, number>();
  const allowed = [...flow.outputs, deadLetterTopic];
  return {
    name: flow.name,
    async step() {
      for (const partition of topics.partitions(flow.source)) {
        const from = committed.get(partition) ?? 0;
        const records = topics.read(flow.source, partition, from, world.batchSize);
        if (records.length === 0) continue;
        const outcome = await processBatch(flow, { topic: flow.source, partition, records });
        for (const [topic, sent] of outcome.sends) write(world, flow.name, allowed, topic, sent);
        point(`${flow.name} commit`);
        committed.set(partition, from + records.length);
        for (const what of outcome.turnedAway) world.turnedAway(flow.name, what);
        return true;
      }
      return false;
    },
    quiet: () => new Map(),
    pass: async () => undefined,
    die: () => undefined,
    fence: () => undefined,
  };
}

/** Kafka acknowledges record by record, so a process may die with some of them written. */
function write(
  world: World,
  flow: string,
  allowed: readonly string[],
  topic: string,
  records: readonly OutgoingRecord[],
): void {
  if (!allowed.includes(topic)) throw new Error(`${flow} writes to ${topic}, which is none of its outputs`);
  for (const record of records) {
    world.point(`${flow} write ${topic}`);
    world.topics.append(topic, record, world.now());
  }
  world.point(`${flow} written ${topic}`);
}

type Held = { readonly memory: PartitionMemory; readonly clock: PartitionClock };

/** As `createRememberingRunner` does it: claim, write what was left, then batch by batch, each one transaction. */
export function driveRememberingFlow(world: World, flow: RememberingFlow): DrivenProcess {
  const { topics, maxCachedKeys, idleMs } = world;
  const rules = {
    idleMs,
    ...(flow.maxStallMs === undefined ? {} : { maxStallMs: flow.maxStallMs }),
    ...(flow.byArrival === true ? { wallMs: (nowMs: number) => nowMs } : {}),
  };
  const kept = createMemoryStateStore((effect) => world.point(`${flow.name} ${effect}`));
  const held = new Map<number, Held>();
  const allowed = [...flow.outputs, lateEventTopic];

  const send = async (records: readonly OutboxRecord[]): Promise<void> => {
    for (const { topic, ...record } of records) write(world, flow.name, allowed, topic, [record]);
  };

  function announcing(partition: number) {
    const topic = flow.announcesTo;
    if (topic === undefined) return {};
    const count = (name: string) => topics.partitions(name).length;
    const audience = { topic, partitions: count(topic), of: count(flow.source) };
    const publish = async (to: string, records: readonly OutgoingRecord[]) =>
      write(world, flow.name, allowed, to, records);
    return { announcer: createAnnouncer({ flow: flow.name, partition, audience, send: publish }) };
  }

  async function memoryOf(partition: number): Promise<Held> {
    const present = held.get(partition);
    if (present !== undefined) return present;
    const claim = kept.claim(partition);
    const memory = await openPartition({
      ...{ flow, store: kept.store, partition, ...claim, send, maxCachedKeys },
      ...announcing(partition),
    });
    const clock = createPartitionClock(rules, world.now(), memory.watermark, memory.timeIsTold);
    const fresh: Held = { memory, clock };
    held.set(partition, fresh);
    return fresh;
  }

  async function read(partition: number, from: bigint) {
    const records = topics.read(flow.source, partition, Number(from), world.batchSize);
    const origin = { topic: flow.source, partition };
    const arrived: Arrived[] = [];
    const letters: OutgoingRecord[] = [];
    const away: TurnedAway[] = [];
    const step = flow.read.name;
    for (const record of records) {
      const verdict = await flow.read(record, origin);
      const nextOffset = BigInt(record.offset) + 1n;
      if (verdict.type === "forward")
        for (const one of verdict.records) arrived.push({ record: one, nextOffset, source: record });
      else if (verdict.type === "drop") away.push({ step, verdict: "drop", reason: verdict.reason });
      else {
        away.push({ step, verdict: "dead-letter", reason: verdict.code });
        letters.push(deadLetterOf(record, origin, { flow: flow.name, step }, verdict));
      }
    }
    return { arrived, letters, away, nextOffset: from + BigInt(records.length) };
  }

  async function take(partition: number): Promise<void> {
    const own = await memoryOf(partition);
    const { memory } = own;
    const { arrived, letters, away, nextOffset } = await read(partition, memory.nextOffset);
    if (nextOffset === memory.nextOffset) return;
    if (letters.length > 0) write(world, flow.name, [deadLetterTopic], deadLetterTopic, letters);
    // Fenced: the partition is claimed anew at the next step and its batch read again.
    if ((await memory.take(arrived, nextOffset)) === undefined) return void held.delete(partition);
    const atEnd = memory.nextOffset >= topics.end(flow.source, partition);
    own.clock.took(world.now(), memory.watermark, atEnd, memory.timeIsTold);
    for (const what of away) world.turnedAway(flow.name, what);
  }

  return {
    name: flow.name,
    kept,
    async step() {
      for (const partition of topics.partitions(flow.source)) {
        const own = await memoryOf(partition);
        if (own.memory.nextOffset >= topics.end(flow.source, partition)) continue;
        await take(partition);
        return true;
      }
      return false;
    },
    quiet() {
      const reaches = new Map<number, number>();
      for (const [partition, { clock, memory }] of held) {
        const reached = clock.reached(world.now());
        const isDue = reached > memory.watermark || (memory.awaited && clock.isIdle(world.now()));
        if (isDue) reaches.set(partition, reached);
      }
      return reaches;
    },
    async pass(partition, moment) {
      const own = await memoryOf(partition);
      if ((await own.memory.pass(moment)) !== undefined) return;
      held.delete(partition);
      await (await memoryOf(partition)).memory.pass(moment);
    },
    die: () => held.clear(),
    fence() {
      for (const partition of held.keys()) kept.claim(partition);
    },
  };
}
