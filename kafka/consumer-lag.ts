import type { Admin } from "kafkajs";
import type { KafkaConnection } from "./connection.ts";
import { rangeGroupPrefix } from "./read-range.ts";
import { withAdmin } from "./topics.ts";

/** How far a consumer group is behind in one topic. */
export type ConsumerLag = {
  readonly groupId: string;
  readonly topic: string;
  readonly records: number;
  /** The age of the oldest record that is not committed, by its time of arrival, to some percent; 0 without such a record. */
  readonly seconds: number;
};

/** Offsets that were committed and records that are there, of one partition. */
type Behind = { readonly partition: number; readonly next: bigint };

/**
 * The lag of every consumer group whose name begins with `prefix`, in the topics of which it has committed anything. Groups without members are among them: one
 * whose processes are dead is the one to know of. @throws when Kafka cannot be asked
 */
export function consumerLags(
  connection: KafkaConnection,
  { prefix, now = Date.now() }: { readonly prefix: string; readonly now?: number },
): Promise<readonly ConsumerLag[]> {
  return withAdmin(connection, async (admin) => {
    const { groups } = await admin.listGroups();
    const ends = new Map<string, ReturnType<typeof endsOf>>();
    const lags: ConsumerLag[] = [];
    for (const { groupId } of groups) {
      if (!groupId.startsWith(prefix) || groupId.startsWith(rangeGroupPrefix)) continue;
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
        let known = ends.get(topic);
        if (known === undefined) {
          known = endsOf(admin, topic);
          ends.set(topic, known);
        }
        const behind: Behind[] = [];
        let records = 0n;
        for (const { partition, low, high } of await known) {
          const committed = BigInt(partitions.find((each) => each.partition === partition)?.offset ?? -1);
          const next = committed < low ? low : committed;
          if (next >= high) continue;
          records += high - next;
          behind.push({ partition, next });
        }
        const seconds = behind.length === 0 ? 0 : (await oldestAgeMs(admin, topic, behind, now)) / 1_000;
        lags.push({ groupId, topic, records: Number(records), seconds });
      }
    }
    return lags;
  });
}

/** Nothing when the topic is gone. */
async function endsOf(admin: Admin, topic: string) {
  const ends = await admin.fetchTopicOffsets(topic).catch(() => []);
  return ends.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
}

const shortestMs = 1_000;
const longestMs = 10 * 365 * 24 * 3_600_000;
/** The answer is that exact, and not better than a fifth of a second. */
const precision = 0.02;

/**
 * The age of the oldest of the next records, without reading one: Kafka tells the first offset behind a moment, and the youngest moment behind which no
 * offset lies beyond a next one is the answer.
 */
async function oldestAgeMs(admin: Admin, topic: string, behind: readonly Behind[], now: number): Promise<number> {
  const covers = async (ageMs: number) => {
    const firsts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(now - ageMs)));
    return behind.every(({ partition, next }) => {
      const first = BigInt(firsts.find((each) => each.partition === partition)?.offset ?? -1);
      return first >= 0n && first <= next;
    });
  };
  let young = 0;
  let old = shortestMs;
  while (old < longestMs && !(await covers(old))) {
    young = old;
    old *= 4;
  }
  while (old - young > Math.max(200, old * precision)) {
    const middle = (young + old) / 2;
    if (await covers(middle)) old = middle;
    else young = middle;
  }
  return old;
}
