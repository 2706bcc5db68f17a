import { PipelineError } from "../runtime/index.ts";
import { type AskMany, askMany, type Committed, newest, oldest, type PartitionPlace, placeKey } from "./ask-many.ts";
import type { KafkaConnection } from "./connection.ts";
import { createKnownAges, type KnownAges } from "./known-ages.ts";
import type { Unanswered } from "./partial-answers.ts";
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
  /** Partitions of which it is not known now, and why; the numbers are those of the others. */
  readonly unknown: readonly (Unanswered & { readonly partition: number })[];
};

/** What nobody tells of now, and why: a group, or without its name any of those that are not told of. */
export type MissingLag = Unanswered & { readonly groupId?: string };

/** How far a consumer group is behind in one partition, or why that is not known now. */
export type PartitionLag = {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** What was committed last; -1: nothing. */
  readonly committed: bigint;
} & (Behind | Unanswered);

type Behind = { readonly records: bigint /** Undefined: not known now. */; readonly seconds: number | undefined };

/** A partition with the offsets that it holds: from `low` up to, but without, `high`. */
export type PartitionEnds = PartitionPlace & { readonly low: bigint; readonly high: bigint };

/** A partition with the offsets that it holds, or why they are not known now. */
export type PartitionState = PartitionEnds | (PartitionPlace & Unanswered);

/**
 * The lag of every consumer group whose name begins with `prefix`, in the topics of which it has committed anything. Groups without members are among them: one
 * whose processes are dead is the one to know of. @throws when Kafka cannot be asked
 */
export function consumerLags(
  connection: KafkaConnection,
  { prefix, now = Date.now() }: { readonly prefix: string; readonly now?: number },
): Promise<{ readonly lags: readonly ConsumerLag[]; readonly missing: readonly MissingLag[] }> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const { coordinators, missing } = await ask.groups();
    const groups = [...coordinators].filter(
      ([groupId]) => groupId.startsWith(prefix) && !groupId.startsWith(rangeGroupPrefix),
    );
    const { committed, unanswered } = answeredOf(await ask.committed(new Map(groups)));
    const topics = new Set([...committed.values()].flat().map(({ topic }) => topic));
    const states = await statesOf(
      ask,
      (await ask.places()).filter(({ topic }) => topics.has(topic)),
    );
    const partitions = await partitionLags(ask, states, committed, now);
    return {
      lags: [...Map.groupBy(partitions, ({ groupId, topic }) => JSON.stringify([groupId, topic])).values()].map(sumOf),
      missing: [
        ...missing.map((why) => ({ why })),
        ...[...unanswered].map(([groupId, { why }]): MissingLag => ({ groupId, why })),
      ],
    };
  });
}

/** Parts what groups have committed from why that is not known. */
export function answeredOf(answers: ReadonlyMap<string, readonly Committed[] | Unanswered>): {
  readonly committed: ReadonlyMap<string, readonly Committed[]>;
  readonly unanswered: ReadonlyMap<string, Unanswered>;
} {
  const committed = new Map<string, readonly Committed[]>();
  const unanswered = new Map<string, Unanswered>();
  for (const [groupId, answer] of answers) {
    if ("why" in answer) unanswered.set(groupId, answer);
    else committed.set(groupId, answer);
  }
  return { committed, unanswered };
}

/** How far a place in a partition is behind its end, or why that is not known now. */
export type PlaceLag = PartitionLag & (Pick<PartitionEnds, "low" | "high"> | Unanswered);

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
    const states = await statesOf(
      ask,
      (await ask.places()).filter(({ topic }) => topics.has(topic)),
    );
    const known = new Map(states.map((each) => [placeKey(each.topic, each.partition), each]));
    const lags = await partitionLags(ask, states, places, Date.now());
    return lags.flatMap((lag): readonly PlaceLag[] => {
      const state = known.get(placeKey(lag.topic, lag.partition));
      if (state === undefined) return [];
      return ["why" in state ? { ...lag, why: state.why } : { ...lag, low: state.low, high: state.high }];
    });
  });
}

/**
 * Where these topics begin and end, in each of their partitions; asked at once for all of them.
 * @throws PipelineError kafka_topic_missing; kafka_partition_silent while the offsets of a partition are not known
 */
export function endsOfTopics(
  connection: KafkaConnection,
  topics: readonly string[],
): Promise<readonly PartitionEnds[]> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const states = await statesOf(
      ask,
      (await ask.places()).filter(({ topic }) => topics.includes(topic)),
    );
    const missing = topics.find((topic) => !states.some((each) => each.topic === topic));
    if (missing !== undefined) throw new PipelineError("kafka_topic_missing", { fields: { topic: missing } });
    return states.map(knownOf);
  });
}

/** @throws PipelineError kafka_partition_silent */
export function knownOf(state: PartitionState): PartitionEnds {
  if (!("why" in state)) return state;
  const { topic, partition, why } = state;
  const message = `Partition ${partition} of ${topic} cannot be read now: ${why}`;
  throw new PipelineError("kafka_partition_silent", { message, fields: { topic, partition } });
}

/** The first and the next offset of these partitions, as far as they are told. */
export async function statesOf(
  { firstsAt }: Pick<AskMany, "firstsAt">,
  places: readonly PartitionPlace[],
): Promise<readonly PartitionState[]> {
  const at = (timestamp: number) => firstsAt(places.map((place) => ({ ...place, timestamp })));
  const [lows, highs] = await Promise.all([at(oldest), at(newest)]);
  return places.map((place): PartitionState => {
    const key = placeKey(place.topic, place.partition);
    const [low = unasked, high = unasked] = [lows.get(key), highs.get(key)];
    if ("why" in low) return { ...place, why: low.why };
    return "why" in high ? { ...place, why: high.why } : { ...place, low: low.offset, high: high.offset };
  });
}

const unasked: Unanswered = { why: "its broker says nothing of it" };

/**
 * What each group is behind by in each partition of the topics of which it has committed anything.
 * @param committed by group
 * @param known what was learned of the ages of records before, which spares questions; it is kept up to date
 */
export async function partitionLags(
  { firstsAt }: Pick<AskMany, "firstsAt">,
  states: readonly PartitionState[],
  committed: ReadonlyMap<string, readonly Committed[]>,
  now: number,
  known: KnownAges = createKnownAges(),
): Promise<readonly PartitionLag[]> {
  const byTopic = Map.groupBy(states, ({ topic }) => topic);
  const found = [...committed].flatMap(([groupId, offsets]) => {
    const own = new Map(offsets.map((each) => [placeKey(each.topic, each.partition), each.offset]));
    return [...new Set(offsets.map(({ topic }) => topic))].flatMap((topic) =>
      (byTopic.get(topic) ?? []).map((place) => {
        const at = own.get(placeKey(topic, place.partition)) ?? -1n;
        const lag = { groupId, topic, partition: place.partition, committed: at };
        if ("why" in place) return { lag, why: place.why };
        const next = at < place.low ? place.low : at;
        return { lag, place, next, high: place.high, records: next < place.high ? place.high - next : 0n };
      }),
    );
  });
  const waiting = found.flatMap((each) => ("why" in each || each.records === 0n ? [] : [each]));
  const ages = await agesOf(firstsAt, waiting, now, known);
  const ageOf = new Map(waiting.map((each, i) => [each.lag, ages[i]]));
  return found.map((each): PartitionLag => {
    if ("why" in each) return { ...each.lag, why: each.why };
    if (each.records === 0n) return { ...each.lag, records: 0n, seconds: 0 };
    const age = ageOf.get(each.lag);
    return { ...each.lag, records: each.records, seconds: age === undefined ? undefined : age / 1_000 };
  });
}

/** Of the partitions of one group and topic. */
function sumOf(partitions: readonly PartitionLag[]): ConsumerLag {
  const { groupId = "", topic = "" } = partitions[0] ?? {};
  const known = partitions.flatMap((each) => ("why" in each ? [] : [each]));
  return {
    ...{ groupId, topic, records: Number(known.reduce((sum, each) => sum + each.records, 0n)) },
    seconds: Math.max(0, ...known.map(({ seconds }) => seconds ?? 0)),
    unknown: partitions.flatMap((each) => ("why" in each ? [{ partition: each.partition, why: each.why }] : [])),
  };
}
