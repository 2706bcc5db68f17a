import type { Fault, Group, Item, RefusedPort, Whole } from "../console/index.ts";
import { headerText, type KafkaConnection } from "../kafka/index.ts";
import { type ErrorCode, type Logger, messageOf, type OptionSource, PipelineError } from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import {
  findSinkLetter,
  groupSinkLetters,
  listSinkLetters,
  sinkLetterPrefix,
  type WholeSinkLetter,
} from "../sinks/letters/index.ts";
import {
  type Entry,
  type EntryBytes,
  type EntryGroup,
  findEntry,
  groupEntries,
  listEntries,
  type Replay,
  replaysOf,
} from "../sinks/quarantine/index.ts";
import type { Database, Letter, Queryable } from "../store/index.ts";
import { type StreamLetter, streamLetterPrefix } from "../stream/letters/index.ts";
import { createActing } from "./console-acts.ts";
import { concernsKind, entryFilterOf, isLetterId, letterFilterOf } from "./console-filters.ts";
import { createStreamLetters, faultOfLetter, groupOfLetters, groupStreamLetters } from "./console-letters.ts";
import { mergeLetters } from "./dlq-list.ts";

type Parts = {
  readonly db: Database;
  readonly schemas: Pick<Schemas, "decode">;
  readonly connection: KafkaConnection;
  readonly source: OptionSource;
  readonly log: Logger;
};

/** So many kinds of each place are told apart; the page says when there are more. */
export const mostGroups = 200;

/** What the commands `quarantine` and `dlq` read and do, for the console. */
export function createRefusedPort(parts: Parts): RefusedPort {
  const { db, schemas } = parts;
  const inTopic = createStreamLetters(parts);

  async function findLetter(
    id: string,
  ): Promise<{ readonly sinks: WholeSinkLetter } | { readonly stream: StreamLetter }> {
    if (id.startsWith(streamLetterPrefix)) {
      const [stream] = await inTopic.read({ ids: [id] });
      if (stream !== undefined) return { stream };
    } else {
      const sinks = await findSinkLetter(db, id);
      if (sinks !== undefined) return { sinks };
    }
    throw new PipelineError("dlq_letter_unknown", { fields: { letter: id } });
  }

  return {
    ...createActing(parts),
    async groups(filter) {
      const isDead = concernsKind(filter, "dead");
      const unknown: string[] = [];
      const [entries, letters, streams] = await Promise.all([
        concernsKind(filter, "quarantined") ? groupEntries(db, entryFilterOf(filter), mostGroups) : [],
        isDead ? groupSinkLetters(db, letterFilterOf(filter), mostGroups) : [],
        isDead
          ? inTopic.read(letterFilterOf(filter)).catch((error: unknown) => {
              unknown.push(`dead letters of processors, as their topic cannot be read (${messageOf(error)})`);
              return [];
            })
          : [],
      ]);
      const groups = [
        ...entries.map(groupOfEntries),
        ...letters.map(groupOfLetters),
        ...groupStreamLetters(streams, mostGroups),
      ];
      return { groups: groups.sort((a, b) => b.count - a.count), unknown };
    },
    async processorLetters(since) {
      const groups = groupStreamLetters(await inTopic.read({ since, states: ["open"] }), 5);
      return groups.map(({ consumer = "", code, count, first }) => ({
        ...{ what: consumer, code, events: count, since: first ?? since.getTime() },
      }));
    },
    async list(filter, limit, before) {
      if (concernsKind(filter, "quarantined")) {
        return (await listEntries(db, entryFilterOf(filter), limit, before)).map(itemOfEntry);
      }
      if (!concernsKind(filter, "dead")) return [];
      const found = before === undefined ? undefined : await findLetter(before);
      const place = found === undefined ? undefined : "sinks" in found ? found.sinks : found.stream.letter;
      const [inPostgres, streams] = await Promise.all([
        listSinkLetters(db, letterFilterOf(filter), limit, place),
        inTopic.read(letterFilterOf(filter)),
      ]);
      return mergeLetters(
        inPostgres,
        streams.map(({ letter }) => letter),
        limit,
        place,
      ).map(itemOfLetter);
    },
    async find(id) {
      if (isLetterId(id)) {
        const found = await findLetter(id);
        return "sinks" in found
          ? wholeSinkLetter(found.sinks, db, schemas)
          : wholeStreamLetter(found.stream, db, schemas);
      }
      const entry = await findEntry(db, id);
      return wholeEntry(entry, await replaysOf(db, entry.quarantine_id));
    },
  };
}

function groupOfEntries(group: EntryGroup): Group {
  const { code, source, type, schema_id: schemaId, count, waiting, first, last, example_id, violations } = group;
  return {
    ...{ kind: "quarantined", code, source, type, schemaId, count, waiting },
    ...{ first: first.getTime(), last: last.getTime() },
    example: { id: example_id, fault: faultOfEntry(code, violations) },
  };
}

function faultOfEntry(code: string, violations: Entry["violations"]) {
  return violations.map(faultOf)[0] ?? { code: code as ErrorCode, pointer: "", expected: "", got: "" };
}

/** Without the sentence, which repeats what may have to be masked. */
const faultOf = ({ message: _, ...fault }: Entry["violations"][number]): Fault => fault;

function itemOfEntry(entry: Entry): Item {
  return {
    ...{ id: entry.quarantine_id, kind: "quarantined", code: entry.code, state: entry.state },
    ...{ first: entry.received_at.getTime(), last: entry.last_received_at.getTime(), timesSeen: entry.times_seen },
    ...{ eventId: entry.event_id, type: entry.type, attempts: entry.attempts },
    lastAnswer: entry.last_code ?? entry.last_status,
    fault: faultOfEntry(entry.code, entry.violations),
  };
}

function wholeEntry(entry: Entry & EntryBytes, replays: readonly Replay[]): Whole {
  const { original, fixed, key_name, stage, token_subject, fixed_by, fixed_at } = entry;
  const event = read(original);
  const avro = event?.data_base64 === undefined ? null : "The app sent Avro: the bytes below are the event as it came.";
  return {
    ...itemOfEntry(entry),
    ...{ source: entry.source, schemaId: entry.schema_id, subject: entry.subject },
    facts: {
      ...{ "API key": `${key_name} (${stage})`, "Time of the app": entry.time },
      ...(token_subject === null ? {} : { "Token of": token_subject }),
      ...(fixed_by === null ? {} : { Fixed: `${fixed_at?.toISOString()} by ${fixed_by}` }),
    },
    faults: entry.violations.map(faultOf),
    attemptList: replays.map(({ started_at, by, door, posted_id, status, code }) => ({
      ...{ at: started_at.getTime(), by, answer: status, code, to: `${door}, id ${posted_id}` },
    })),
    data: event?.data ?? null,
    unreadable: event === undefined ? "The bytes are no JSON." : avro,
    original: original.toString("base64"),
    headers: {},
    fixed: fixed === null ? null : (read(fixed) ?? null),
    version: (fixed ?? original).toString("base64"),
  };
}

function read(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(bytes.toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function itemOfLetter(letter: Letter): Item {
  const { id, code, state, at, eventId, type, attempts } = letter;
  return {
    ...{
      id,
      kind: "dead",
      code,
      state,
      first: at.getTime(),
      last: at.getTime(),
      timesSeen: 1,
      eventId,
      type,
      attempts,
    },
    lastAnswer: attempts === 0 ? null : state === "redriven" ? "redriven" : code,
    fault: faultOfLetter(letter),
  };
}

type LetterRecord = {
  readonly letter: Letter;
  readonly schemaId: number | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
};

function wholeSinkLetter(letter: WholeSinkLetter, db: Queryable, schemas: Parts["schemas"]): Promise<Whole> {
  const { key, value, sqlState, recordTime, schemaId } = letter;
  const headers = Object.fromEntries(
    Object.entries(letter.headers).map(([name, text]) => [
      name,
      typeof text === "string" ? text : JSON.stringify(text),
    ]),
  );
  const facts = {
    ...(sqlState === null ? {} : { SQLSTATE: sqlState }),
    ...(recordTime === null ? {} : { "Came to Kafka": recordTime.toISOString() }),
  };
  return wholeLetter({ letter, schemaId, key, value, headers, facts }, db, schemas);
}

function wholeStreamLetter(
  { letter, schemaId, record }: StreamLetter,
  db: Queryable,
  schemas: Parts["schemas"],
): Promise<Whole> {
  const { key, value } = record;
  const headers = Object.fromEntries(
    Object.keys(record.headers).map((name) => [name, headerText(record, name) ?? "no text"]),
  );
  return wholeLetter({ letter, schemaId, key, value, headers, facts: {} }, db, schemas);
}

async function wholeLetter(whole: LetterRecord, db: Queryable, schemas: Parts["schemas"]): Promise<Whole> {
  const { letter, schemaId, key, value, headers, facts } = whole;
  const { consumer, topic, partition, offset } = letter;
  const decoded = value === null ? "It has no value: a tombstone." : await decodedOf(value, schemas);
  const item = itemOfLetter(letter);
  return {
    ...item,
    ...{ source: headers.ce_source ?? null, schemaId, subject: headers.ce_subject ?? null },
    facts: {
      ...{ Consumer: consumer, "Read from": `${topic}, partition ${partition}, offset ${offset}`, ...facts },
      ...(key === null ? {} : { Key: key.toString() }),
    },
    faults: [item.fault],
    attemptList: await lastRedrive(db, letter),
    data: typeof decoded === "string" ? null : decoded.data,
    unreadable: typeof decoded === "string" ? decoded : null,
    original: value?.toString("base64") ?? null,
    headers,
    ...{ fixed: null, version: null },
  };
}

async function decodedOf(value: Buffer, schemas: Parts["schemas"]): Promise<{ readonly data: unknown } | string> {
  try {
    const decoded = await schemas.decode(value);
    return decoded.ok ? { data: decoded.value } : `${decoded.reason} [${decoded.code}]`;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return `${error.message} [${error.code}]`;
  }
}

/** Only the last one is known: a letter counts the others. */
async function lastRedrive(db: Queryable, letter: Letter): Promise<Whole["attemptList"]> {
  const { id, place, attempts, triedAt, state, code, topic, partition, offset, consumer } = letter;
  if (attempts === 0 || triedAt === null) return [];
  const join = "select r.by, r.redrive_id from pipeline.redrives r join";
  const [row] =
    place === "sinks"
      ? await db.query<{ by: string; redrive_id: bigint }>(
          `${join} pipeline.dead_letters l using (redrive_id) where l.dead_letter_id = $1`,
          [id.slice(sinkLetterPrefix.length)],
        )
      : await db.query<{ by: string; redrive_id: bigint }>(
          `${join} pipeline.topic_letters l using (redrive_id) where (topic, partition, record_offset, step) = ($1, $2, $3, $4)`,
          [topic, partition, offset, consumer],
        );
  const answer = state === "redriven" ? "redriven" : "failed";
  const to = row === undefined ? "" : `redrive ${row.redrive_id}`;
  return [{ at: triedAt.getTime(), by: row?.by ?? "unknown", answer, code: state === "redriven" ? null : code, to }];
}
