import { LRUCache } from "lru-cache";
import type { KafkaRecord } from "../../kafka/index.ts";
import type { OutboxRecord, StateStore } from "../../store/index.ts";
import { isAnnouncement } from "./announcement.ts";
import { type Announcer, restMs } from "./announcer.ts";
import { createFeeds, type Feeds } from "./feeds.ts";
import { lateEventOf } from "./late-event.ts";
import { remember } from "./remember.ts";
import type { RememberingFlow } from "./remembering-flow.ts";
import type { Memory } from "./remembering-step.ts";

export type PartitionParts = {
  readonly flow: RememberingFlow;
  readonly store: StateStore;
  readonly partition: number;
  /** The claim under which everything is stored; it must be the newest. */
  readonly epoch: bigint;
  readonly nextOffset: bigint;
  /** Resolves when Kafka has acknowledged all of the records, which lie in the order of their decision. */
  readonly send: (records: readonly OutboxRecord[]) => Promise<void>;
  /** Tells those who read the output how far event time has come; of a flow that announces. */
  readonly announcer?: Announcer;
  /** Keys whose memory is kept at hand; the rest is read when it is needed. */
  readonly maxCachedKeys: number;
};

/** What a reader made of a record, with the offset behind it and the record as it came. */
export type Arrived = { readonly record: unknown; readonly nextOffset: bigint; readonly source: KafkaRecord };

/** What one call came to, for the counters. */
export type Progress = { readonly emitted: number; readonly late: number; readonly tooLate: number };

/** The memory of one partition while this process holds its claim. Calls must follow one another. */
export type PartitionMemory = {
  /** The first offset that is not taken yet. */
  readonly nextOffset: bigint;
  readonly watermark: number;
  /** Whether somebody who feeds the source is awake, and so will tell how far event time comes. */
  readonly timeIsTold: boolean;
  /**
   * Takes records and moves the checkpoint to `nextOffset`; resolves when what they led to is stored and written. Undefined when fenced: then
   * nothing of the rest is stored, and this memory is void. So it is after an error.
   */
  take(arrived: readonly Arrived[], nextOffset: bigint): Promise<Progress | undefined>;
  /** Whether those who read the output still wait for what may come from here. */
  readonly awaited: boolean;
  /** Lets time pass to `moment` without a record; where nothing is due for some time, those who read the output need not wait any more. */
  pass(moment: number): Promise<Progress | undefined>;
};

/** Wake-ups that are loaded at a time. */
const maxDue = 5_000;
const outboxPage = 1_000;
/** The key under which it is remembered what feeds have announced; no step has such a key. */
const feedsKey = "\u0001feeds";

/** Loads where the partition stands, and first writes again what a former owner had decided and perhaps not written. */
export async function openPartition(parts: PartitionParts): Promise<PartitionMemory> {
  const { flow, store, partition, epoch, send, announcer } = parts;
  for (;;) {
    const rows = await store.outbox(partition, outboxPage);
    if (rows.length === 0) break;
    await send(rows);
    await store.acknowledge(rows.map(({ id }) => id));
  }
  const write = writerOf(flow, await store.revisionBase(partition));
  let watermark = await store.watermark(partition);
  let nextOffset = parts.nextOffset;
  const [fed] = flow.fedBy === undefined ? [] : await store.read(partition, [feedsKey]);
  const feeds = flow.fedBy === undefined ? undefined : createFeeds(flow.fedBy, fed?.value);
  /** Null: known to be without a memory. */
  const known = new LRUCache<string, { readonly memory: Memory<unknown> | null }>({ max: parts.maxCachedKeys });

  /** The memories of the keys, and of those to be woken at `reach` or before, as far as they fit; gives how far that is. */
  async function load(
    keys: ReadonlySet<string>,
    reach: number,
    memories: Map<string, Memory<unknown>>,
  ): Promise<number> {
    const unknown = [...keys].filter((key) => !known.has(key));
    const [first, found] = await Promise.all([store.due(partition, reach, maxDue), store.read(partition, unknown)]);
    let due = first;
    let horizon = Number.POSITIVE_INFINITY;
    if (due.length === maxDue) {
      const [earliest, last] = [due[0]?.wakeMs as number, due.at(-1)?.wakeMs as number];
      // Of the last moment some may be missing; when there is but one moment, all of it is needed.
      if (earliest === last) due = await store.due(partition, last, Number.MAX_SAFE_INTEGER);
      horizon = earliest === last ? last : last - 1;
    }
    for (const { key, value, wakeMs } of due) memories.set(key, { state: JSON.parse(value), wakeMs });
    for (const key of keys) {
      const memory = known.get(key)?.memory ?? null;
      if (memory !== null) memories.set(key, memory);
    }
    for (const { key, value, wakeMs } of found) memories.set(key, { state: JSON.parse(value), wakeMs });
    for (const key of keys) known.set(key, { memory: memories.get(key) ?? null });
    return horizon;
  }

  /** One transaction: as many of the records as can be taken with what was loaded. */
  async function advance(arrived: readonly Arrived[], next: bigint, passTo: number | undefined) {
    const records = arrived.map(({ record }) => record);
    const events = records.filter((record) => !isAnnouncement(record));
    const reach = Math.max(watermark, passTo ?? -Infinity, furthest(records, reaching(flow, feeds?.toText())));
    const memories = new Map<string, Memory<unknown>>();
    const horizon = await load(new Set(events.map(flow.step.keyOf)), reach, memories);
    const reachOf = reaching(flow, feeds?.toText());
    const fitting = records.slice(
      0,
      fittingOf(arrived, (record) => Math.max(watermark, reachOf(record)) <= horizon),
    );
    const isCut = fitting.length < records.length;
    const after = remember(
      flow.step,
      {
        ...{ records: fitting, memories, watermark, horizon },
        ...(isCut ? { passTo: horizon } : {}),
        ...(passTo === undefined ? {} : { passTo }),
        ...(feeds === undefined ? {} : { reachOf: (record: unknown) => heardFrom(feeds, record) }),
      },
      flow.latenessMs,
    );
    const done = after.taken === records.length;
    const to = done ? next : after.taken === 0 ? nextOffset : (arrived[after.taken - 1] as Arrived).nextOffset;
    const place = { flow: flow.name, topic: flow.source, partition, watermarkMs: after.watermark };
    const tooLate = after.tooLate.map((i) => lateEventOf((arrived[i] as Arrived).source, place));
    const outbox = [...after.emitted.map(write), ...tooLate];
    const states: Map<string, { value: string; wakeMs: number | undefined } | undefined> = new Map(
      [...after.changed].map(([key, memory]) => [
        key,
        memory === undefined ? undefined : { value: JSON.stringify(memory.state), wakeMs: memory.wakeMs },
      ]),
    );
    if (feeds !== undefined && events.length < records.length) {
      states.set(feedsKey, { value: feeds.toText(), wakeMs: undefined });
    }
    if (to === nextOffset && states.size === 0) {
      // The passing of time alone: whoever takes over learns it from the clock as well.
      watermark = after.watermark;
      return { taken: 0, done: horizon >= reach, emitted: 0, late: 0, tooLate: 0 };
    }
    const change = { epoch, expected: nextOffset, next: to, watermarkMs: after.watermark, states, outbox };
    const ids = await store.commit(partition, change);
    if (ids === undefined) return undefined;
    nextOffset = to;
    watermark = after.watermark;
    for (const [key, memory] of after.changed) known.set(key, { memory: memory ?? null });
    if (outbox.length > 0) {
      await send(outbox);
      await store.acknowledge(ids);
    }
    const { taken, late } = after;
    return { taken, done: done && horizon >= reach, emitted: after.emitted.length, late, tooLate: tooLate.length };
  }

  async function advanceAll(arrived: readonly Arrived[], next: bigint, passTo?: number): Promise<Progress | undefined> {
    let rest = arrived;
    let emitted = 0;
    let late = 0;
    let tooLate = 0;
    for (;;) {
      const step = await advance(rest, next, passTo);
      if (step === undefined) return undefined;
      emitted += step.emitted;
      late += step.late;
      tooLate += step.tooLate;
      if (step.done) return { emitted, late, tooLate };
      rest = rest.slice(step.taken);
    }
  }

  return {
    get nextOffset() {
      return nextOffset;
    },
    get watermark() {
      return watermark;
    },
    get timeIsTold() {
      return feeds?.resting === false;
    },
    get awaited() {
      return announcer?.resting === false;
    },
    async take(arrived, next) {
      const progress = await advanceAll(arrived, next);
      if (progress !== undefined) await announcer?.tell(watermark, false);
      return progress;
    },
    async pass(moment) {
      const none = { emitted: 0, late: 0, tooLate: 0 };
      const progress = moment > watermark ? await advanceAll([], nextOffset, moment) : none;
      if (progress === undefined || announcer === undefined || announcer.resting) return progress;
      const due = await store.due(partition, watermark + restMs, 1);
      await announcer.tell(watermark, due.length === 0);
      return progress;
    },
  };
}

/** How far the records will bring event time. */
function furthest(records: readonly unknown[], reachOf: (record: unknown) => number): number {
  return records.reduce<number>((most, record) => Math.max(most, reachOf(record)), Number.NEGATIVE_INFINITY);
}

/** How many of them can be taken: what was made of one record is taken as a whole, for the offset behind it is stored with it. */
function fittingOf(arrived: readonly Arrived[], fits: (record: unknown) => boolean): number {
  let whole = 0;
  for (const [i, { record, nextOffset }] of arrived.entries()) {
    if (!fits(record)) return whole;
    if (arrived[i + 1]?.nextOffset !== nextOffset) whole = i + 1;
  }
  return whole;
}

/** How far each record brings event time, asked in their order; what feeds have announced is counted apart from the memory of it. */
function reaching({ step, latenessMs, fedBy }: RememberingFlow, heard?: string): (record: unknown) => number {
  if (fedBy === undefined) return (record) => step.timeOf(record) - latenessMs;
  const feeds = createFeeds(fedBy, heard);
  return (record) => heardFrom(feeds, record);
}

function heardFrom(feeds: Feeds, record: unknown): number {
  if (!isAnnouncement(record)) return Number.NEGATIVE_INFINITY;
  feeds.hear(record);
  return feeds.watermark();
}

/** A memory that was rebuilt counts the revisions of its results from 1 again; on the way out they are above all that were told before. */
function writerOf({ write }: RememberingFlow, base: number): RememberingFlow["write"] {
  if (base === 0) return write;
  return (emitted) => {
    const revision = (emitted as { readonly revision?: unknown } | null)?.revision;
    return write(typeof revision === "number" ? { ...(emitted as object), revision: revision + base } : emitted);
  };
}
