import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Anomaly, Carried, History, Progress } from "../../audit/index.ts";
import { groupLag, headerText, type KafkaConnection, readRange, topicEnds } from "../../kafka/index.ts";
import { silentLogger } from "../../runtime/index.ts";
import { deadLetterTopic } from "../../stream/dead-letter.ts";
import { enrichedTopics, eventTypes } from "./events.ts";

const baseTopics = [...new Set(Object.values(eventTypes))];
/** Where events of apps are, as they came and enriched. */
export const carrierTopics: readonly string[] = [...baseTopics, ...enrichedTopics];
/** Those that the tables are filled from. */
export const storedTopics = [
  ...baseTopics.filter((topic) => !enrichedTopics.some((enriched) => enriched === `${topic}-enriched`)),
  ...enrichedTopics,
];
export const sinkGroup = "hailstream-sink-postgres";
const streamGroups = {
  "driver-locations": "hailstream-enrich-driver-locations",
  "trip-events": "hailstream-enrich-trip-events",
};

export type Place = {
  readonly connection: KafkaConnection;
  readonly postgres: string;
  /** The addresses of the front doors. */
  readonly doors: readonly string[];
};

/** What still has to be done, in words; none when everything has come to rest. Asked in the order of the way: what leaves one place is seen at the next. */
async function behind({ connection, postgres, doors }: Place, witness: string): Promise<readonly string[]> {
  const words: string[] = [];
  for (const door of doors) {
    const spooled = await spoolDepth(door);
    if (spooled > 0) words.push(`the spool of ${door}: ${spooled} events`);
  }
  const groups = [...Object.entries(streamGroups).map(([topic, group]) => [group, [topic]] as const)];
  for (const [group, topics] of [...groups, [witness, carrierTopics] as const]) {
    for (const { topic, partition, committed, end } of await groupLag(connection, group, topics))
      if (committed < end) words.push(`${group} ${topic}/${partition}: ${committed} of ${end}`);
  }
  const ends = new Map<string, number>();
  for (const topic of storedTopics) {
    for (const { partition, low, high } of await topicEnds(connection, topic))
      if (high > low) ends.set(`${topic}/${partition}`, Number(high));
  }
  const stored = await checkpointsOf(postgres);
  for (const [partition, end] of ends) {
    const next = stored.get(partition) ?? 0;
    if (next < end) words.push(`${sinkGroup} ${partition}: ${next} of ${end}`);
  }
  return words;
}

/** How many events the door keeps on its disk for Kafka. */
async function spoolDepth(door: string): Promise<number> {
  const text = await fetch(`${door}/metrics`, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.text());
  return Number(/^hailstream_ingest_spool_depth_events (\d+)/m.exec(text)?.[1] ?? 0);
}

/** How far the sink of events has come, by topic and partition. */
export async function checkpointsOf(postgres: string): Promise<ReadonlyMap<string, number>> {
  const rows = await query<{ topic: string; partition: number; next_offset: string }>(
    postgres,
    "select topic, partition, next_offset from pipeline.checkpoints where consumer = $1 and topic = any($2)",
    [sinkGroup, storedTopics],
  );
  return new Map(rows.map((row) => [`${row.topic}/${row.partition}`, Number(row.next_offset)]));
}

/** Waits until all that was sent has arrived everywhere. What has not after that time is stuck. */
export async function comeToRest(
  place: Place,
  p: {
    readonly timeoutMs: number;
    /** The group of the consumer that reads along. */
    readonly witness: string;
    isDelivered(): boolean;
    readonly abort: AbortSignal;
  },
): Promise<readonly Anomaly[]> {
  const until = performance.now() + p.timeoutMs;
  for (;;) {
    p.abort.throwIfAborted();
    const words = await behind(place, p.witness).catch((error: unknown) => [`it cannot be asked: ${error}`]);
    if (words.length === 0 && p.isDelivered()) return [];
    if (performance.now() > until) {
      const told = words.length === 0 ? ["webhooks are missing"] : words;
      return told.map((detail) => ({ kind: "stuck", where: detail.split(":")[0] ?? "", detail }));
    }
    await sleep(250);
  }
}

/** What Kafka and Postgres hold in the end. */
export async function gatherStored(place: Place): Promise<Pick<History, "carried" | "rows" | "deadLetters">> {
  const { connection, postgres } = place;
  const carried: Carried[] = [];
  const deadLetters = new Set<string>();
  await readRange({
    ...{ connection, topics: [...carrierTopics, deadLetterTopic], log: silentLogger },
    range: { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER },
    async onBatch({ topic, partition, records }) {
      for (const record of records) {
        const id = headerText(record, "ce_id") ?? "";
        if (topic === deadLetterTopic) deadLetters.add(id);
        else carried.push({ topic, partition, offset: Number(record.offset), id });
      }
    },
  });
  const tables = Object.keys(eventTypes).map((type) => `events.${type.replaceAll(".", "_")}`);
  const stored = await query<{ id: string }>(
    postgres,
    tables.map((table) => `select event_id as id from ${table}`).join(" union all "),
  );
  const refused = await query<{ id: string }>(
    postgres,
    "select distinct headers->>'ce_id' as id from pipeline.dead_letters where headers ? 'ce_id'",
  );
  for (const { id } of refused) deadLetters.add(id);
  return { carried, rows: stored.map(({ id }) => id), deadLetters: [...deadLetters] };
}

/** How far the witness says that it has come. */
export async function progressOf(
  { connection }: Place,
  group: string,
  topics: readonly string[],
): Promise<readonly Progress[]> {
  const lags = await groupLag(connection, group, topics);
  return lags.map(({ topic, partition, committed }) => ({
    ...{ consumer: group, topic, partition, nextOffset: Number(committed) },
  }));
}

export async function query<T extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 30_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
