import type { Fault, Group, Item, RefusedFilter, RefusedPort, Whole } from "../console/index.ts";
import { type ErrorCode, errorTable, PipelineError } from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import {
  findSinkLetter,
  groupSinkLetters,
  type LetterGroup,
  listSinkLetters,
  sinkLetterPrefix,
  type WholeSinkLetter,
} from "../sinks/letters/index.ts";
import {
  type Entry,
  type EntryBytes,
  type EntryFilter,
  type EntryGroup,
  findEntry,
  groupEntries,
  listEntries,
  type Replay,
  replaysOf,
} from "../sinks/quarantine/index.ts";
import type { Letter, LetterFilter, Queryable } from "../store/index.ts";

type Parts = { readonly db: Queryable; readonly schemas: Pick<Schemas, "decode"> };

/** So many kinds of each place are told apart; the page says when there are more. */
export const mostGroups = 200;

/** What the commands `quarantine` and `dlq` read, for the console. */
export function createRefusedPort({ db, schemas }: Parts): RefusedPort {
  return {
    async groups(filter) {
      const [entries, letters] = await Promise.all([
        concerns(filter, "quarantined") ? groupEntries(db, entryFilterOf(filter), mostGroups) : [],
        concerns(filter, "dead") ? groupSinkLetters(db, letterFilterOf(filter), mostGroups) : [],
      ]);
      return [...entries.map(groupOfEntries), ...letters.map(groupOfLetters)].sort((a, b) => b.count - a.count);
    },
    async list(filter, limit, before) {
      if (concerns(filter, "quarantined")) {
        return (await listEntries(db, entryFilterOf(filter), limit, before)).map(itemOfEntry);
      }
      if (!concerns(filter, "dead")) return [];
      const place = before === undefined ? undefined : await letterOf(db, before);
      return (await listSinkLetters(db, letterFilterOf(filter), limit, place)).map(itemOfLetter);
    },
    async find(id) {
      if (id.startsWith(sinkLetterPrefix)) return wholeLetter(await letterOf(db, id), db, schemas);
      const entry = await findEntry(db, id);
      return wholeEntry(entry, await replaysOf(db, entry.quarantine_id));
    },
  };
}

async function letterOf(db: Queryable, id: string): Promise<WholeSinkLetter> {
  const letter = await findSinkLetter(db, id);
  if (letter === undefined) throw new PipelineError("dlq_letter_unknown", { fields: { letter: id } });
  return letter;
}

/** Whether events of a kind may be meant. Ids name theirs, and only letters have a consumer. */
function concerns({ kinds, ids, consumers, topics }: RefusedFilter, kind: "quarantined" | "dead"): boolean {
  if (kinds !== undefined && !kinds.includes(kind)) return false;
  const isLetter = (id: string) => id.startsWith(sinkLetterPrefix);
  if (ids?.some((id) => isLetter(id) === (kind === "dead")) === false) return false;
  return kind === "dead" || (consumers === undefined && topics === undefined);
}

/** As the commands understand it. */
export function entryFilterOf({ condition, consumers, topics, kinds, ...same }: RefusedFilter): EntryFilter {
  const states = { waiting: ["open", "fixed"], done: ["replayed"], all: undefined }[condition ?? "all"];
  return { ...same, states };
}

/** As the commands understand it. */
export function letterFilterOf({ condition, consumers, kinds, ...same }: RefusedFilter): LetterFilter {
  const states = { waiting: ["open"], done: ["redriven"], all: undefined }[condition ?? "all"];
  return { ...same, places: consumers, states };
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

function groupOfLetters(group: LetterGroup): Group {
  const { code, source, type, schemaId, consumer, topic, count, waiting, first, last, example } = group;
  return {
    ...{ kind: "dead", code, source, type, schemaId, consumer, topic, count, waiting },
    ...{ first: first.getTime(), last: last.getTime() },
    example: { id: example, fault: faultOfLetter({ ...group, offset: String(group.offset) }) },
  };
}

/** What a consumer would have taken, by the code of its refusal. */
const wanted: Readonly<Record<string, string>> = {
  store_rejected: "a row that the table takes",
  sink_value_out_of_range: "a value that its column can hold",
  sink_schema_unknown: "bytes of a schema that the registry knows",
  sink_envelope_invalid: "an id, a type and a time in the headers",
  sink_record_unreadable: "a record that the connector can transform",
  record_framing_invalid: "bytes that begin with the id of a schema",
  record_bytes_invalid: "bytes that its schema can read",
};

function faultOfLetter({
  code,
  message,
  topic,
  partition,
  offset,
}: Pick<Letter, "code" | "message" | "topic" | "partition" | "offset">) {
  return {
    code: code as ErrorCode,
    pointer: `${topic}/${partition}/${offset}`,
    expected: wanted[code] ?? (code in errorTable ? `not this: ${errorTable[code as ErrorCode].title}` : ""),
    got: message,
  };
}

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

async function wholeLetter(letter: WholeSinkLetter, db: Queryable, schemas: Parts["schemas"]): Promise<Whole> {
  const { key, value, headers, sqlState, recordTime, consumer, topic, partition, offset } = letter;
  const texts = Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name, typeof text === "string" ? text : JSON.stringify(text)]),
  );
  const decoded = value === null ? "It has no value: a tombstone." : await decodedOf(value, schemas);
  const item = itemOfLetter(letter);
  return {
    ...item,
    ...{ source: texts.ce_source ?? null, schemaId: letter.schemaId, subject: texts.ce_subject ?? null },
    facts: {
      ...{ Consumer: consumer, "Read from": `${topic}, partition ${partition}, offset ${offset}` },
      ...(sqlState === null ? {} : { SQLSTATE: sqlState }),
      ...(recordTime === null ? {} : { "Came to Kafka": recordTime.toISOString() }),
      ...(key === null ? {} : { Key: key.toString() }),
    },
    faults: [item.fault],
    attemptList: await lastRedrive(db, letter),
    data: typeof decoded === "string" ? null : decoded.data,
    unreadable: typeof decoded === "string" ? decoded : null,
    original: value?.toString("base64") ?? null,
    headers: texts,
    fixed: null,
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
async function lastRedrive(
  db: Queryable,
  { id, attempts, triedAt, state, code }: Letter,
): Promise<Whole["attemptList"]> {
  if (attempts === 0 || triedAt === null) return [];
  const [row] = await db.query<{ by: string; redrive_id: bigint }>(
    "select r.by, r.redrive_id from pipeline.redrives r join pipeline.dead_letters l using (redrive_id) where l.dead_letter_id = $1",
    [id.slice(sinkLetterPrefix.length)],
  );
  const answer = state === "redriven" ? "redriven" : "failed";
  const to = row === undefined ? "" : `redrive ${row.redrive_id}`;
  return [{ at: triedAt.getTime(), by: row?.by ?? "unknown", answer, code: state === "redriven" ? null : code, to }];
}
