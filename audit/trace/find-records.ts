import {
  headerText,
  type KafkaConnection,
  type OffsetRange,
  partitionOf,
  readOffsets,
  topicEnds,
  withAdmin,
} from "../../kafka/index.ts";
import type { Logger } from "../../runtime/index.ts";

/** A record of an event, where Kafka has it. */
export type FoundRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** When it was written, milliseconds since 1970. */
  readonly writtenAt: number;
  readonly schemaId: number | null;
  readonly headers: Readonly<Record<string, string>>;
};

/** Where to look for records of an event. */
export type Place = {
  readonly topic: string;
  /** Of the record; without it all partitions are read. */
  readonly key?: string;
  /** Written between these moments, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
};

export type RecordParts = { readonly connection: KafkaConnection; readonly log: Logger };

/** The records of an event in some places, read once; a topic that there is not has none. @throws PipelineError kafka_… */
export async function findRecords(
  parts: RecordParts,
  id: string,
  places: readonly Place[],
): Promise<readonly FoundRecord[]> {
  const ranges = (await Promise.all(places.map((place) => rangesOf(parts.connection, place)))).flat();
  const found: FoundRecord[] = [];
  await readOffsets({
    ...parts,
    ranges,
    async onBatch({ topic, partition, records }) {
      for (const record of records) {
        const { headers } = record;
        if (headerText({ headers }, "ce_id") !== id) continue;
        const { offset, timestamp, value } = record;
        const schemaId = value !== null && value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : null;
        const texts = Object.keys(headers).map((name) => [name, headerText({ headers }, name) ?? ""] as const);
        found.push({
          ...{ topic, partition, offset, writtenAt: Number(timestamp), schemaId, headers: Object.fromEntries(texts) },
        });
      }
    },
  });
  return found.sort((a, b) => a.writtenAt - b.writtenAt);
}

async function rangesOf(connection: KafkaConnection, place: Place): Promise<readonly OffsetRange[]> {
  const { topic, key, fromMs, toMs } = place;
  const ends = await topicEnds(connection, topic).catch(() => []);
  if (ends.length === 0) return [];
  const only = key === undefined ? undefined : partitionOf(key, ends.length);
  const [begins, stops] = await withAdmin(connection, (admin) =>
    Promise.all([
      admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(fromMs))),
      admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(toMs))),
    ]),
  );
  return ends
    .filter(({ partition }) => only === undefined || partition === only)
    .map(({ partition, high }) => {
      const at = (offsets: typeof begins) => BigInt(offsets.find((each) => each.partition === partition)?.offset ?? -1);
      const [from, to] = [at(begins), at(stops)];
      return { topic, partition, from: from < 0n ? high : from, to: to < 0n ? high : to };
    });
}
