import { type AskMany, askMany } from "./ask-many.ts";
import type { KafkaConnection } from "./connection.ts";
import { answeredOf, type PartitionLag, type PartitionState, partitionLags, statesOf } from "./consumer-lag.ts";
import { AssignerProtocol } from "./kafkajs.ts";
import { createKnownAges, type KnownAges } from "./known-ages.ts";
import { rangeGroupPrefix } from "./read-range.ts";
import { withAdmin } from "./topics.ts";

/** A process that reads for a group, and what it has been given to read. */
export type GroupMember = {
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
};

export type GroupState = {
  readonly groupId: string;
  /** As Kafka says it: Stable, Empty, PreparingRebalance, CompletingRebalance, Dead; Unknown: nobody says it now. */
  readonly state: string;
  readonly members: readonly GroupMember[];
  readonly lags: readonly PartitionLag[];
  /** Why it is not known now what it has committed, or who its members are; absent: both are. */
  readonly why?: string;
};

/** All topics and consumer groups of a cluster at one moment, in the order of their names. */
export type ClusterState = {
  /** Milliseconds since 1970, when the offsets were asked for. */
  readonly at: number;
  readonly topics: ReadonlyMap<string, readonly PartitionState[]>;
  readonly groups: ReadonlyMap<string, GroupState>;
  /** Why there may be groups that nobody tells of now; empty: these are all. */
  readonly missing: readonly string[];
};

/**
 * Looks at everything at once, with a number of requests that grows with the brokers and the groups, not with the topics. Groups that this program makes for
 * single readings are left out. What one broker does not tell is said to be unknown, and all else is told.
 * @param ages remembers what was learned of the ages of records from one look to the next
 * @throws when Kafka cannot be asked
 */
export function clusterState(connection: KafkaConnection, ages: KnownAges = createKnownAges()): Promise<ClusterState> {
  return withAdmin(connection, async (admin) => {
    const ask = askMany(admin);
    const [places, { coordinators: listed, missing }] = await Promise.all([ask.places(), ask.groups()]);
    const coordinators = new Map([...listed].filter(([groupId]) => !groupId.startsWith(rangeGroupPrefix)));
    const names = [...coordinators.keys()].sort();
    const at = Date.now();
    const [states, answers, described] = await Promise.all([
      statesOf(ask, places),
      ask.committed(coordinators),
      ask.describe(coordinators),
    ]);
    const { committed, unanswered } = answeredOf(answers);
    const lags = Map.groupBy(await partitionLags(ask, states, committed, at, ages), ({ groupId }) => groupId);
    const partitions = [...states].sort((a, b) =>
      a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
    );
    const groups = names.map((groupId): [string, GroupState] => [
      groupId,
      {
        ...{ groupId, ...unanswered.get(groupId), ...membersOf(described.get(groupId)) },
        lags: lags.get(groupId) ?? [],
      },
    ]);
    return { at, topics: Map.groupBy(partitions, ({ topic }) => topic), groups: new Map(groups), missing };
  });
}

type Described = Awaited<ReturnType<AskMany["describe"]>> extends ReadonlyMap<string, infer D> ? D : never;

function membersOf(described: Described | undefined): Pick<GroupState, "state" | "members" | "why"> {
  if (described === undefined) return { state: "Unknown", members: [], why: "its broker says nothing of it" };
  if ("why" in described) return { state: "Unknown", members: [], why: described.why };
  const members = described.members.map(({ clientId, clientHost, memberAssignment }) => ({
    clientId,
    host: clientHost.replace(/^\//, ""),
    partitions: assignmentOf(memberAssignment),
  }));
  return { state: described.state, members };
}

/** Nothing while a member joins, and of groups that divide something else than partitions. */
function assignmentOf(bytes: Buffer): GroupMember["partitions"] {
  try {
    const { assignment = {} } = AssignerProtocol.MemberAssignment.decode(bytes) ?? {};
    return Object.entries(assignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  } catch {
    return [];
  }
}
