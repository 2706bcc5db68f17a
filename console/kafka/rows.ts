import type { GroupState, PartitionState } from "../../kafka/index.ts";
import type { GroupDetail, GroupRow, LagRow, PartitionRow, TopicRow } from "./shapes.ts";
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
      ...{ name, partitions: partitions.length, trouble: troubleOf(partitions) },
      records: partitions.reduce((sum, { low, high }) => sum + Number((high ?? 0n) - (low ?? 0n)), 0),
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

function groupRow({ groupId, state, members }: GroupState, lags: readonly Lag[]): GroupRow {
  const lagRecords = lags.length === 0 ? null : recordsOf(lags);
  return {
    ...{ name: groupId, state, members: members.length, lagRecords },
    topics: new Set(lags.map(({ topic }) => topic)).size,
    trouble: members.length === 0 && (lagRecords ?? 0) > 0 ? "nobody reads" : null,
    lagSeconds: lags.length === 0 ? null : secondsOf(lags),
  };
}

/** Everything about a group; partitions that are furthest behind come first. */
export function groupDetail(group: GroupState): Omit<GroupDetail, "at"> {
  const readers = new Map(
    group.members.flatMap(({ clientId, host, partitions }) =>
      partitions.map(({ topic, partition }) => [`${topic}/${partition}`, `${clientId} at ${host}`] as const),
    ),
  );
  const lags = group.lags
    .map(
      ({ topic, partition, committed, records, seconds }): LagRow => ({
        ...{ topic, partition, seconds, records: Number(records) },
        committed: committed < 0n ? null : String(committed),
        member: readers.get(`${topic}/${partition}`) ?? null,
      }),
    )
    .sort((a, b) => b.seconds - a.seconds || b.records - a.records);
  const members = group.members.map(({ clientId, host, partitions }) => ({
    ...{ name: clientId, host, partitions: partitions.length },
  }));
  return { group: groupOf(group), members, lags };
}

export function partitionRows(partitions: readonly PartitionState[]): readonly PartitionRow[] {
  return partitions.map(({ partition, leader, replicas, inSync, low, high }) => ({
    ...{ partition, replicas, inSync, leader: leader < 0 ? null : leader },
    low: low === undefined ? null : String(low),
    high: high === undefined ? null : String(high),
  }));
}

/** What is wrong with the replicas of a topic; null: nothing. */
export function troubleOf(partitions: readonly PartitionState[]): string | null {
  const leaderless = partitions.filter(({ leader }) => leader < 0).length;
  if (leaderless > 0) return `${counted(leaderless)} without a leader`;
  const behind = partitions.filter(({ replicas, inSync }) => inSync < replicas).length;
  return behind > 0 ? `${counted(behind)} not fully replicated` : null;
}

const counted = (n: number) => `${n} partition${n === 1 ? "" : "s"}`;
const recordsOf = (lags: readonly Lag[]) => Number(lags.reduce((sum, { records }) => sum + records, 0n));
const secondsOf = (lags: readonly Lag[]) => Math.max(0, ...lags.map(({ seconds }) => seconds));
const mostOf = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values));
