import {
  type ClusterState,
  clusterState,
  createKnownAges,
  type KafkaConnection,
  type PartitionState,
} from "../../kafka/index.ts";
import { messageOf } from "../../runtime/index.ts";

/** What is known of the cluster, and of how quickly its topics grow. */
export type ClusterLook = ClusterState & {
  /** Records a second by topic, since the look before; none at the first look. */
  readonly rates: ReadonlyMap<string, number>;
  /** Why there is nothing newer; absent: there is. */
  readonly problem?: string;
};

export type ClusterWatch = {
  /** A look that is two seconds old at most, or old as its `problem` says. @throws when Kafka has never answered */
  look(): Promise<ClusterLook>;
};

const freshMs = 2_000;
/** A topic may have been deleted and made again under its name, with other records at the same offsets. */
const forgetMs = 10 * 60_000;
/** A rate over less says nothing, and one over more is that of another time. */
const rateMs = { least: 1_500, most: 60_000 };

/** Looks at the cluster when somebody asks, once for all who ask, and nothing while nobody does. */
export function createClusterWatch(connection: KafkaConnection): ClusterWatch {
  let ages = { known: createKnownAges(), since: Date.now() };
  let latest: ClusterLook | undefined;
  let underWay: Promise<ClusterLook> | undefined;

  async function lookAgain(): Promise<ClusterLook> {
    const before = latest;
    try {
      if (Date.now() - ages.since > forgetMs) ages = { known: createKnownAges(), since: Date.now() };
      const state = await clusterState(connection, ages.known);
      latest = { ...state, rates: ratesBetween(before, state) };
    } catch (error) {
      if (before === undefined) throw error;
      latest = { ...before, problem: messageOf(error) };
    }
    return latest;
  }

  return {
    look() {
      if (latest !== undefined && latest.problem === undefined && Date.now() - latest.at < freshMs) {
        return Promise.resolve(latest);
      }
      underWay ??= lookAgain().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}

/** How quickly each topic grew; what was younger than that before keeps its rate. */
export function ratesBetween(before: ClusterLook | undefined, now: ClusterState): ReadonlyMap<string, number> {
  const ms = before === undefined ? 0 : now.at - before.at;
  if (before === undefined || ms > rateMs.most) return new Map();
  if (ms < rateMs.least) return before.rates;
  const rates = new Map<string, number>();
  for (const [topic, partitions] of now.topics) {
    const [old, fresh] = [endOf(before.topics.get(topic)), endOf(partitions)];
    if (old !== undefined && fresh !== undefined && fresh >= old) rates.set(topic, (Number(fresh - old) * 1_000) / ms);
  }
  return rates;
}

/** Undefined while that of one partition is not known. */
function endOf(partitions: readonly PartitionState[] | undefined): bigint | undefined {
  let sum = 0n;
  for (const state of partitions ?? []) {
    if ("why" in state) return undefined;
    sum += state.high;
  }
  return partitions === undefined ? undefined : sum;
}
