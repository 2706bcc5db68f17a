import type { GroupState, PartitionState } from "../../kafka/index.ts";
import type { GroupDetail, GroupRow, LagRow, PartitionRow, TopicRow } from "./shapes.ts";
import { unknownWords } from "./unknown-words.ts";
import type { ClusterLook } from "./watch.ts";

type Lag = GroupState["lags"][number];

/** A row a topic. */
export function topicRows(look: ClusterLook): readonly TopicRow[] {
  const lags = Map.groupBy(
    [...look.groups.values()].flatMap((group) => group.lags),
    ({ topic }) => topic,
  );
  return [...look.topics].map(([name, partitions]) => {
    const groups = [...Map.groupBy(lags.get(name) ?? [], ({ groupId }) => groupId).values()];
    return {
      ...{ name, partitions: partitions.length, trouble: troubleOf(partitions), unknown: unknownWords(partitions) },
      records: sumOf(partitions.map((each) => ("why" in each ? null : each.high - each.low))),
      perSecond: look.rates.get(name) ?? null,
      groups: groups.length,
      lagRecords: mostOf(groups.map(recordsOf)),
      lagSeconds: mostOf(groups.map(secondsOf)),
    };
  });
}

/** A row a group. */
export function groupRows(look: ClusterLook): readonly GroupRow[] {
  return [...look.groups.values()].map(groupOf);
}

/** Topics count where it has committed something, and where it is about to. */
function groupOf(group: GroupState): GroupRow {
  const assigned = group.members.flatMap(({ partitions }) => partitions.map(({ topic }) => topic));
  const topics = new Set([...assigned, ...group.lags.map(({ topic }) => topic)]).size;
  return { ...groupRow(group, group.lags), topics };
}

/** The groups that have read of a topic, as far as they are in it. */
export function groupsOfTopic(look: ClusterLook, topic: string): readonly GroupRow[] {
  return [...look.groups.values()].flatMap((group) => {
    const own = group.lags.filter((lag) => lag.topic === topic);
    return own.length === 0 ? [] : [groupRow(group, own)];
  });
}

function groupRow({ groupId, state, members, why }: GroupState, lags: readonly Lag[]): GroupRow {
  const lagRecords = recordsOf(lags);
  // Of a group that nobody describes it is not known who reads.
  const isDead = members.length === 0 && why === undefined;
  return {
    ...{ name: groupId, state, members: members.length, lagRecords },
    topics: new Set(lags.map(({ topic }) => topic)).size,
    trouble: isDead && (lagRecords ?? 0) > 0 ? "nobody reads" : null,
    unknown: why ?? unknownWords(lags),
    lagSeconds: secondsOf(lags),
  };
}

/** Everything about a group; partitions of which nothing is known come first, then those that are furthest behind. */
export function groupDetail(group: GroupState): Omit<GroupDetail, "at"> {
  const readers = new Map(
    group.members.flatMap(({ clientId, host, partitions }) =>
      partitions.map(({ topic, partition }) => [`${topic}/${partition}`, `${clientId} at ${host}`] as const),
    ),
  );
  const lags = group.lags
    .map(
      (lag): LagRow => ({
        ...{ topic: lag.topic, partition: lag.partition, ...behindOf(lag) },
        committed: lag.committed < 0n ? null : String(lag.committed),
        member: readers.get(`${lag.topic}/${lag.partition}`) ?? null,
      }),
    )
    .sort(furthestFirst);
  const members = group.members.map(({ clientId, host, partitions }) => ({
    ...{ name: clientId, host, partitions: partitions.length },
  }));
  return { group: groupOf(group), members, lags };
}

type BehindRow = Pick<LagRow, "records" | "seconds" | "unknown">;

/** How far a place is behind, as far as that is known. */
export function behindOf(lag: Lag): BehindRow {
  if ("why" in lag) return { records: null, seconds: null, unknown: lag.why };
  return { records: Number(lag.records), seconds: lag.seconds ?? null, unknown: null };
}

/** Orders places: of which nothing is known, then those that are furthest behind. */
export function furthestFirst(a: BehindRow, b: BehindRow): number {
  const unknown = Number(b.unknown !== null) - Number(a.unknown !== null);
  return unknown || (b.seconds ?? 0) - (a.seconds ?? 0) || (b.records ?? 0) - (a.records ?? 0);
}

export function partitionRows(partitions: readonly PartitionState[]): readonly PartitionRow[] {
  return partitions.map((state) => {
    const { partition, leader, replicas, inSync } = state;
    const place = { partition, replicas, inSync, leader: leader < 0 ? null : leader };
    if ("why" in state) return { ...place, low: null, high: null, unknown: state.why };
    return { ...place, low: String(state.low), high: String(state.high), unknown: null };
  });
}

/** What is wrong with the replicas of a topic; null: nothing. */
export function troubleOf(partitions: readonly PartitionState[]): string | null {
  const leaderless = partitions.filter(({ leader }) => leader < 0).length;
  if (leaderless > 0) return `${counted(leaderless)} without a leader`;
  const behind = partitions.filter(({ replicas, inSync }) => inSync < replicas).length;
  return behind > 0 ? `${counted(behind)} not fully replicated` : null;
}

const counted = (n: number) => `${n} partition${n === 1 ? "" : "s"}`;

/** Of those that are known; null: none of them is. */
const sumOf = (values: readonly (bigint | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Number(known.reduce((sum, value) => sum + value, 0n));
};
const mostOf = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};

/** Records that were not read of any of these places, as far as they are known. */
export const recordsOf = (lags: readonly Lag[]) => sumOf(lags.map((lag) => ("why" in lag ? null : lag.records)));
/** How long the oldest of them waits, as far as that is known. */
export const secondsOf = (lags: readonly Lag[]) =>
  mostOf(lags.map((lag) => ("why" in lag ? null : (lag.seconds ?? null))));
