import { PipelineError } from "../runtime/index.ts";
import { type AskMany, askMany, type Committed, newest, oldest, type PartitionPlace, placeKey } from "./ask-many.ts";
import type { KafkaConnection } from "./connection.ts";
import { createKnownAges, type KnownAges } from "./known-ages.ts";
import { rangeGroupPrefix } from "./read-range.ts";
import { agesOf } from "./record-ages.ts";
import { withAdmin } from "./topics.ts";

/** How far a consumer group is behind in one topic. */
export type ConsumerLag = {
  readonly groupId: string;
  readonly topic: string;
  readonly records: number;
  /** The age of the oldest record that is not committed, by its time of arrival, to some percent; 0 without such a record. */
  readonly seconds: number;
};

/** How far a consumer group is behind in one partition. */
export type PartitionLag = Omit<ConsumerLag, "records"> & {
  readonly partition: number;
  /** What was committed last; -1: nothing. */
  readonly committed: bigint;
  readonly records: bigint;
};

/** A partition with the offsets that it holds: from `low` up to, but without, `high`. */
export type PartitionEnds = PartitionPlace & { readonly low: bigint; readonly high: bigint };

/**
 * The lag of every consumer group whose name begins with `prefix`, in the topics of which it has committed anything. Groups without members are among them: one
 * whose processes are dead is the one to know of. @throws when Kafka cannot be asked
 */
export function consumerLags(
  connection: KafkaConnection,
  { prefix, now = Date.now() }: { readonly prefix: string; readonly now?: number },
): Promise<readonly ConsumerLag[]> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const groups = [...(await ask.groups())].filter(
      ([groupId]) => groupId.startsWith(prefix) && !groupId.startsWith(rangeGroupPrefix),
    );
    const committed = await ask.committed(new Map(groups));
    const topics = new Set([...committed.values()].flat().map(({ topic }) => topic));
    const ends = await endsOf(
      ask,
      (await ask.places()).filter(({ topic }) => topics.has(topic)),
    );
    const partitions = await partitionLags(ask, ends, committed, now);
    return [...Map.groupBy(partitions, ({ groupId, topic }) => JSON.stringify([groupId, topic])).values()].map(sumOf);
  });
}

/** How far a place in a partition is behind its end. */
export type PlaceLag = PartitionLag & Pick<PartitionEnds, "low" | "high">;

/**
 * How far places that are kept elsewhere than in Kafka are behind, in each partition of the topics that they name. @param places the next offset by any name, which is
 * the `groupId` of the answer @throws when Kafka cannot be asked
 */
export function lagsFrom(
  connection: KafkaConnection,
  places: ReadonlyMap<string, readonly Committed[]>,
): Promise<readonly PlaceLag[]> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const topics = new Set([...places.values()].flat().map(({ topic }) => topic));
    const ends = await endsOf(
      ask,
      (await ask.places()).filter(({ topic }) => topics.has(topic)),
    );
    const known = new Map(ends.map((each) => [placeKey(each.topic, each.partition), each]));
    const lags = await partitionLags(ask, ends, places, Date.now());
    return lags.flatMap((lag) => {
      const end = known.get(placeKey(lag.topic, lag.partition));
      return end === undefined ? [] : [{ ...lag, low: end.low, high: end.high }];
    });
  });
}

/** Where these topics begin and end, in each of their partitions; asked at once for all of them. @throws PipelineError kafka_topic_missing, also while a partition has no leader */
export function endsOfTopics(
  connection: KafkaConnection,
  topics: readonly string[],
): Promise<readonly PartitionEnds[]> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const places = (await ask.places()).filter(({ topic }) => topics.includes(topic));
    const ends = await endsOf(ask, places);
    const missing = topics.find(
      (topic) =>
        !ends.some((each) => each.topic === topic) || places.some((each) => each.topic === topic && each.leader < 0),
    );
    if (missing !== undefined) throw new PipelineError("kafka_topic_missing", { fields: { topic: missing } });
    return ends;
  });
}

/** The first and the next offset of these partitions; one without a leader is left out. */
export async function endsOf(
  { firstsAt }: Pick<AskMany, "firstsAt">,
  places: readonly PartitionPlace[],
): Promise<readonly PartitionEnds[]> {
  const at = (timestamp: number) => firstsAt(places.map((place) => ({ ...place, timestamp })));
  const [lows, highs] = await Promise.all([at(oldest), at(newest)]);
  return places.flatMap((place) => {
    const key = placeKey(place.topic, place.partition);
    const [low, high] = [lows.get(key)?.offset, highs.get(key)?.offset];
    return low === undefined || high === undefined ? [] : [{ ...place, low, high }];
  });
}

/**
 * What each group is behind by in each partition of the topics of which it has committed anything; a partition that is not among `ends` is left out.
 * @param committed by group
 * @param known what was learned of the ages of records before, which spares questions; it is kept up to date
 */
export async function partitionLags(
  { firstsAt }: Pick<AskMany, "firstsAt">,
  ends: readonly PartitionEnds[],
  committed: ReadonlyMap<string, readonly Committed[]>,
  now: number,
  known: KnownAges = createKnownAges(),
): Promise<readonly PartitionLag[]> {
  const byTopic = Map.groupBy(ends, ({ topic }) => topic);
  const found = [...committed].flatMap(([groupId, offsets]) => {
    const own = new Map(offsets.map((each) => [placeKey(each.topic, each.partition), each.offset]));
    return [...new Set(offsets.map(({ topic }) => topic))].flatMap((topic) =>
      (byTopic.get(topic) ?? []).map((place) => {
        const at = own.get(placeKey(topic, place.partition)) ?? -1n;
        const next = at < place.low ? place.low : at;
        return {
          groupId,
          place,
          high: place.high,
          committed: at,
          next,
          records: next < place.high ? place.high - next : 0n,
        };
      }),
    );
  });
  const waiting = found.filter(({ records }) => records > 0n);
  const ages = await agesOf(firstsAt, waiting, now, known);
  const ageOf = new Map(waiting.map((each, i) => [each, ages[i] ?? 0]));
  return found.map((each) => ({
    ...{ groupId: each.groupId, topic: each.place.topic, partition: each.place.partition },
    ...{ committed: each.committed, records: each.records, seconds: (ageOf.get(each) ?? 0) / 1_000 },
  }));
}

/** Of the partitions of one group and topic. */
function sumOf(partitions: readonly PartitionLag[]): ConsumerLag {
  const { groupId = "", topic = "" } = partitions[0] ?? {};
  const records = Number(partitions.reduce((sum, each) => sum + each.records, 0n));
  return { groupId, topic, records, seconds: Math.max(...partitions.map(({ seconds }) => seconds)) };
}
