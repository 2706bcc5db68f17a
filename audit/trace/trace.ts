import { groupLag } from "../../kafka/index.ts";
import type { Database } from "../../store/index.ts";
import type { AuditedTable } from "../compare-table.ts";
import { type FoundAlert, findAlerts } from "./find-alerts.ts";
import { type FoundRecord, findRecords, type Place, type RecordParts } from "./find-records.ts";
import { type FoundRow, findRows } from "./find-row.ts";
import {
  type FoundLoss,
  type FoundQuarantine,
  type FoundRejection,
  findLosses,
  findQuarantined,
  findRedriven,
  findRejections,
  storedUpTo,
} from "./find-verdicts.ts";
import { madeAt } from "./times.ts";

export type TraceParts = RecordParts & {
  readonly db: Database;
  readonly tables: readonly AuditedTable[];
  /** The sink's consumer in `pipeline.checkpoints`. */
  readonly sinkGroup: string;
  /** In front of the name of the dead letters' topic; default none. */
  readonly topicPrefix?: string;
};

/** Who has not come to the event yet, and how many records lie before it. */
export type Waiting = { readonly consumer: string; readonly records: number };

/** All that is known of an event. What was looked for and not found is null or empty. */
export type Trace = {
  readonly eventId: string;
  readonly type: string | null;
  /**
   * `stored`: it is a row. `waiting`: somebody has not come to it. `rejected`: it is in quarantine, or a dead letter. `lost`: a station should have it and has
   * not. `unknown`: nothing of it was found.
   */
  readonly outcome: "stored" | "waiting" | "rejected" | "lost" | "unknown";
  /** Where ingest wrote it; several when it was written repeatedly. */
  readonly records: readonly FoundRecord[];
  /** Where its processor wrote it, enriched. */
  readonly enriched: readonly FoundRecord[];
  /** Where a processor could not use it: the headers `dl_…` say why. `redriven`: it went through its flow after all. */
  readonly deadLetters: readonly (FoundRecord & { readonly state: "open" | "redriven" })[];
  readonly rows: readonly FoundRow[];
  readonly quarantined: readonly FoundQuarantine[];
  readonly rejections: readonly FoundRejection[];
  readonly losses: readonly FoundLoss[];
  readonly alerts: readonly FoundAlert[];
  readonly waiting: Waiting | null;
  /** Between these moments of arrival the topics were read, RFC 3339; null: they were not, since nobody knows when to look. */
  readonly searched: { readonly from: string; readonly to: string } | null;
};

const deadLetterTopic = "dead-letters";
const secondMs = 1_000;
const minuteMs = 60_000;
/** How long before and behind a known moment records are looked for at first, and when that was in vain. */
const near = { before: 5 * secondMs, behind: 30 * secondMs };
const far = { before: minuteMs, behind: 60 * minuteMs };

/**
 * Where an event is and was. A row is found by its id, and a record by the time of its arrival and its key; without a row the time in the id says where to
 * begin, or `aroundMs`. It reads a minute of one partition where it can, and an hour of all topics where it must.
 * @param aroundMs when it arrived, about, milliseconds since 1970; of an event that is no row and whose id does not say when it was made
 * @throws PipelineError store_…, kafka_…
 */
export async function traceEvent(
  parts: TraceParts,
  eventId: string,
  { aroundMs }: { readonly aroundMs?: number | undefined } = {},
): Promise<Trace> {
  const trace = await lookFor(parts, eventId, aroundMs);
  // Where all have passed it, it may have come while it was looked for: then it is there now.
  return trace.outcome === "lost" ? lookFor(parts, eventId, aroundMs) : trace;
}

async function lookFor(parts: TraceParts, eventId: string, aroundMs: number | undefined): Promise<Trace> {
  const { db, tables } = parts;
  const [rows, quarantined, rejections, losses] = await Promise.all([
    findRows(db, tables, eventId),
    findQuarantined(db, eventId),
    findRejections(db, eventId),
    findLosses(db, eventId),
  ]);
  const [row] = rows;
  const arrived = row?.receivedAt.getTime() ?? aroundMs ?? madeAt(eventId);
  const search = await searchTopics(parts, eventId, row, arrived);
  const { searched } = search;
  const type = row?.type ?? search.found[0]?.headers.ce_type ?? quarantined[0]?.type ?? losses[0]?.event_type ?? null;
  const table = tables.find((each) => each.type === type);
  const letters = search.found.filter(({ topic }) => topic === `${parts.topicPrefix ?? ""}${deadLetterTopic}`);
  const redriven = await findRedriven(db, letters.map(placeOf));
  const found = [...search.found, ...(await findSentLater(parts, eventId, table?.topic, redriven, search.found))];
  const written = (topics: ReadonlySet<string>) => found.filter(({ topic }) => topics.has(topic));
  const records = written(new Set(tables.map(({ source }) => source)));
  const enriched = written(new Set(tables.flatMap(({ topic, source }) => (topic === source ? [] : [topic]))));
  const deadLetters = letters.map((letter) => {
    return { ...letter, state: redriven.has(placeOf(letter)) ? ("redriven" as const) : ("open" as const) };
  });
  const alerts = row === undefined ? [] : await findAlerts(db, eventId, row.receivedAt);
  const open = [...rejections, ...deadLetters].filter(({ state }) => state === "open");
  const isRejected = quarantined.length + open.length > 0;
  const state = rows.length > 0 || isRejected || table === undefined ? undefined : await stateOf(parts, table, found);
  const outcome =
    rows.length > 0
      ? "stored"
      : isRejected
        ? "rejected"
        : state !== undefined
          ? "waiting"
          : records.length + losses.length > 0
            ? "lost"
            : "unknown";
  return {
    ...{ eventId, type, outcome },
    ...{ records, enriched, deadLetters, rows, quarantined, rejections, losses, alerts },
    waiting: state ?? null,
    searched: searched === undefined ? null : { from: timeOf(searched.from), to: timeOf(searched.to) },
  };
}

/** Where the record of a processor's letter was read. */
const placeOf = ({ headers }: FoundRecord): string =>
  `${headers.dl_topic}/${headers.dl_partition}/${headers.dl_offset}`;

/** What came of a letter is written when it is redriven, however long after the event. */
async function findSentLater(
  parts: TraceParts,
  id: string,
  topic: string | undefined,
  redriven: ReadonlyMap<string, Date>,
  known: readonly FoundRecord[],
): Promise<readonly FoundRecord[]> {
  if (redriven.size === 0 || topic === undefined) return [];
  const times = [...redriven.values()].map((at) => at.getTime());
  const [fromMs, toMs] = [Math.min(...times) - near.before, Math.max(...times) + near.behind];
  const sent = await findRecords(parts, id, [{ topic, fromMs, toMs }]);
  const placesOf = new Set(known.map((each) => `${each.topic}/${each.partition}/${each.offset}`));
  return sent.filter((each) => !placesOf.has(`${each.topic}/${each.partition}/${each.offset}`));
}

type Search = {
  readonly found: readonly FoundRecord[];
  readonly searched?: { readonly from: number; readonly to: number };
};

/** The records of the event: of a row's in its partition, else in all topics. */
async function searchTopics(
  parts: TraceParts,
  id: string,
  row: FoundRow | undefined,
  arrived: number | undefined,
): Promise<Search> {
  if (arrived === undefined) return { found: [] };
  const { tables } = parts;
  const table = tables.find(({ type }) => type === row?.type);
  const key = row === undefined || table === undefined ? {} : keyOf(row, table);
  const topics =
    table === undefined
      ? [...tables.flatMap(({ source, topic }) => [source, topic]), `${parts.topicPrefix ?? ""}${deadLetterTopic}`]
      : [table.source, table.topic];
  for (const { before, behind } of [near, far]) {
    const [from, to] = [arrived - before, arrived + behind];
    const places = [...new Set(topics)].map((topic): Place => ({ topic, fromMs: from, toMs: to, ...key }));
    const found = await findRecords(parts, id, places);
    if (found.length > 0 || behind === far.behind) return { found, searched: { from, to } };
  }
  return { found: [] };
}

/** The key of the row's record, which says in which partition it is. */
function keyOf({ row }: FoundRow, { keyField }: AuditedTable): { readonly key?: string } {
  const key = row[`data_${keyField}`] ?? row[keyField];
  return typeof key === "string" ? { key } : {};
}

/** Who has not come to an event that is neither stored nor rejected; undefined when all have, or it is not in Kafka. */
async function stateOf(
  { connection, db, sinkGroup }: TraceParts,
  table: AuditedTable,
  found: readonly FoundRecord[],
): Promise<Waiting | undefined> {
  const last = (topic: string) => found.findLast((record) => record.topic === topic);
  const source = last(table.source);
  if (table.enrichedBy !== undefined && last(table.topic) === undefined && source !== undefined) {
    const places = await groupLag(connection, table.enrichedBy, [table.source]);
    const committed = places.find(({ partition }) => partition === source.partition)?.committed ?? 0n;
    const records = Number(BigInt(source.offset) - committed);
    return records < 0 ? undefined : { consumer: table.enrichedBy, records };
  }
  const read = last(table.topic);
  if (read === undefined) return undefined;
  const { topic, partition } = read;
  const next = (await storedUpTo(db, { consumer: sinkGroup, topic, partition })) ?? 0n;
  const records = Number(BigInt(read.offset) - next);
  return records < 0 ? undefined : { consumer: sinkGroup, records };
}

const timeOf = (ms: number) => new Date(ms).toISOString();
