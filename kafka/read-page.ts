import { PipelineError } from "../runtime/index.ts";
import { askMany, placeKey } from "./ask-many.ts";
import { type Broker, clusterOf, type FetchedMessage } from "./cluster.ts";
import type { KafkaConnection } from "./connection.ts";
import { knownOf, statesOf } from "./consumer-lag.ts";
import type { KafkaRecord } from "./records.ts";
import { withAdmin } from "./topics.ts";

/** Where to read: up to, but without, an offset; from an offset on; or from a moment on, in milliseconds since 1970. */
export type PagePlace = { readonly before: bigint | "end" } | { readonly from: bigint } | { readonly fromMs: number };

export type RecordPage = {
  /** In the order of their offsets. */
  readonly records: readonly KafkaRecord[];
  /** What the partition held then: from `low` up to, but without, `high`. */
  readonly low: bigint;
  readonly high: bigint;
};

/** So much is asked for at once; a broker gives a whole batch of records at least. */
const fetchBytes = 1_048_576;
/** A page that goes forward ends early behind so many bytes, whatever its limit: the next one goes on there. */
const pageBytes = 8 * 1_048_576;
/** Compaction leaves gaps, so what lies before an offset is looked for ever further before. */
const maxSteps = 8;

/**
 * Reads some records of a partition, from its leader and without a consumer group: nobody rebalances, and nothing stays behind.
 * @throws PipelineError kafka_topic_missing, when there is no such topic or partition; kafka_partition_silent, while its offsets are not known; when Kafka cannot be read
 */
export function readPage(
  connection: KafkaConnection,
  { topic, partition, place, limit }: { topic: string; partition: number; place: PagePlace; limit: number },
): Promise<RecordPage> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const there = (await ask.places()).find((each) => each.topic === topic && each.partition === partition);
    const [state] = there === undefined ? [] : await statesOf(ask, [there]);
    if (there === undefined || state === undefined) {
      throw new PipelineError("kafka_topic_missing", { fields: { topic, partition } });
    }
    const { low, high } = knownOf(state);
    const broker = await clusterOf(admin).findBroker({ nodeId: there.leader });
    const read = (from: bigint, to: bigint, most: number, mostBytes = Number.POSITIVE_INFINITY) =>
      readBetween(broker, { topic, partition, from, to, most, mostBytes });
    if ("before" in place) {
      const to = place.before === "end" || place.before > high ? high : place.before;
      return { records: await readBefore(read, low, to, limit), low, high };
    }
    let from = "from" in place ? place.from : high;
    if ("fromMs" in place) {
      const firsts = await ask.firstsAt([{ ...there, timestamp: place.fromMs }]);
      const first = firsts.get(placeKey(topic, partition));
      if (first !== undefined && "why" in first) knownOf({ ...there, why: first.why });
      else if (first !== undefined && first.offset >= 0n) from = first.offset;
    }
    if (from < low) from = low;
    return { records: await read(from, high, limit, pageBytes), low, high };
  });
}

type Read = (from: bigint, to: bigint, most: number) => Promise<readonly KafkaRecord[]>;

/** The last records before an offset. */
async function readBefore(read: Read, low: bigint, to: bigint, limit: number): Promise<readonly KafkaRecord[]> {
  let found: readonly KafkaRecord[] = [];
  let before = to;
  let width = BigInt(limit);
  for (let step = 0; step < maxSteps && found.length < limit && before > low; step++) {
    const from = before - width < low ? low : before - width;
    found = [...(await read(from, before, Number(before - from))), ...found];
    before = from;
    width *= 4n;
  }
  return found.slice(-limit);
}

type Range = {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly most: number;
  readonly mostBytes: number;
};

/** Control records, which transactions leave, are no records. */
async function readBetween(
  broker: Broker,
  { topic, partition, from, to, most, mostBytes }: Range,
): Promise<readonly KafkaRecord[]> {
  const found: KafkaRecord[] = [];
  let next = from;
  let bytes = 0;
  while (next < to && found.length < most && bytes < mostBytes) {
    const { responses } = await broker.fetch({
      ...{ isolationLevel: 0, maxWaitTime: 0, minBytes: 0, maxBytes: fetchBytes },
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(next), maxBytes: fetchBytes }] }],
    });
    const messages = responses[0]?.partitions[0]?.messages ?? [];
    // A fetch begins with the whole batch that holds the offset.
    const fresh = messages.filter(({ offset }) => BigInt(offset) >= next);
    const last = fresh.at(-1);
    // What is left are batches that compaction has emptied.
    if (last === undefined) break;
    next = BigInt(last.offset) + 1n;
    for (const message of fresh) {
      if (found.length >= most || BigInt(message.offset) >= to) break;
      if (message.isControlRecord) continue;
      found.push(recordOf(message));
      bytes += (message.value?.length ?? 0) + (message.key?.length ?? 0);
    }
  }
  return found;
}

/** Its fields are computed ones, and a copy does not hold the whole fetch. */
function recordOf({ offset, timestamp, key, value, headers }: FetchedMessage): KafkaRecord {
  const copied = (bytes: Buffer | null) => (bytes === null ? null : Buffer.from(bytes));
  return { offset, timestamp, key: copied(key), value: copied(value), headers };
}
