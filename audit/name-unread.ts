import { readOffsets, readRange } from "../kafka/index.ts";
import type { AuditedTable } from "./compare-table.ts";
import type { UnreadMinute } from "./compare-topics.ts";
import { eventOf, type Named, type NameParts, nowhereOf, readRows, type Station } from "./name-events.ts";

/** Where processors keep what they cannot use. */
const deadLetterTopic = "dead-letters";
/** Clocks of two processes that write to Kafka differ by less. */
const clockSlackMs = 60_000;

type Absent = { readonly minute: number; readonly arrivedMs: number };

/**
 * Which events of the minutes Kafka has where ingest wrote them, and the database has not: neither as a row nor as a dead letter of the processor or the sink. Each
 * with the station that it did not come out of.
 */
export async function nameUnread(
  parts: NameParts & { readonly topicPrefix?: string },
  table: AuditedTable,
  unread: readonly UnreadMinute[],
): Promise<ReadonlyMap<number, Named>> {
  const minutes = new Set(unread.map(({ minute }) => minute));
  const absent = await carriedEvents(parts, table, unread, minutes);
  for (const { id } of await readRows(parts.db, table, minutes)) absent.delete(id);
  const nowhere = await nowhereOf(parts.db, table, minutes, [...absent.keys()]);
  for (const id of [...absent.keys()]) if (!nowhere.has(id)) absent.delete(id);
  if (absent.size === 0) return new Map();
  const prefix = parts.topicPrefix ?? "";
  for (const id of await idsIn(parts, prefix + deadLetterTopic, absent)) absent.delete(id);
  if (absent.size === 0) return new Map();
  const enriched = table.enrichedBy === undefined ? absent : await idsIn(parts, table.topic, absent);
  return new Map(
    [...Map.groupBy(absent, ([, { minute }]) => minute)].map(([minute, events]) => {
      const stationOf = (id: string): Station => (enriched.has(id) ? "postgres" : "stream");
      const missing = events.map(([id]) => ({ id, type: table.type, where: stationOf(id) }));
      return [minute, { missing, extra: [], unnamed: [] }];
    }),
  );
}

/** The events of the minutes, by id, at the offsets where they were counted. */
async function carriedEvents(
  parts: NameParts,
  table: AuditedTable,
  unread: readonly UnreadMinute[],
  minutes: ReadonlySet<number>,
): Promise<Map<string, Absent>> {
  const found = new Map<string, Absent>();
  const places = unread.flatMap(({ minute, places }) => places.map((place) => ({ ...place, minute })));
  const byPartition = Map.groupBy(places, ({ partition }) => partition);
  const ranges = [...byPartition].map(([partition, places]) => {
    const firsts = places.map(({ first }) => Number(first));
    const lasts = places.map(({ last }) => Number(last));
    const from = BigInt(Math.min(...firsts));
    return { topic: table.source, partition, from, to: BigInt(Math.max(...lasts)) + 1n };
  });
  await readOffsets({
    ...parts,
    ranges,
    async onBatch({ partition, records }) {
      const suspects = byPartition.get(partition) ?? [];
      for (const record of records) {
        const { id, type, minute } = eventOf(record);
        if (type !== table.type || id === undefined || minute === undefined || !minutes.has(minute)) continue;
        // Behind what was compared others may have come, which are on their way.
        const offset = BigInt(record.offset);
        if (!suspects.some((place) => place.minute === minute && offset >= place.first && offset <= place.last))
          continue;
        if (!found.has(id)) found.set(id, { minute, arrivedMs: Number(record.timestamp) });
      }
    },
  });
  return found;
}

/** Which of the events are in a topic that they came to after they had arrived. */
async function idsIn(
  parts: NameParts,
  topic: string,
  absent: ReadonlyMap<string, Absent>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const fromMs = Math.min(...[...absent.values()].map(({ arrivedMs }) => arrivedMs)) - clockSlackMs;
  await readRange({
    ...parts,
    topics: [topic],
    range: { fromMs: Math.max(0, fromMs), toMs: Date.now() + clockSlackMs },
    async onBatch({ records }) {
      for (const record of records) {
        const { id } = eventOf(record);
        if (id !== undefined && absent.has(id)) found.add(id);
      }
    },
  });
  return found;
}
