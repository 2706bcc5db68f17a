import type { Fault, Group } from "../console/index.ts";
import { type KafkaConnection, topicEnds } from "../kafka/index.ts";
import { type ErrorCode, errorTable, type Logger, PipelineError } from "../runtime/index.ts";
import type { LetterGroup } from "../sinks/letters/index.ts";
import type { Letter, LetterFilter, Queryable } from "../store/index.ts";
import { deadLetterTopic } from "../stream/index.ts";
import { isWantedLetter, readStreamLetters, type StreamLetter } from "../stream/letters/index.ts";

type Parts = { readonly db: Queryable; readonly connection: KafkaConnection; readonly log: Logger };

/** The dead letters of processors. They lie in a topic, so they are read anew only when it has grown, or something became of one. */
export function createStreamLetters({ db, connection, log }: Parts) {
  let seen: { readonly state: string; readonly letters: Promise<readonly StreamLetter[]> } | undefined;

  async function stateNow(): Promise<string> {
    const [ends, [known]] = await Promise.all([
      topicEnds(connection, deadLetterTopic).catch((error: unknown) => {
        // Where no processor has run there is no topic, and no letter.
        if (PipelineError.is(error, "kafka_topic_missing")) return [];
        throw error;
      }),
      db.query<{ state: string }>("select concat(count(*), ' ', max(tried_at)) as state from pipeline.topic_letters"),
    ]);
    return `${known?.state} ${ends.map(({ partition, low, high }) => `${partition} ${low} ${high}`).join()}`;
  }

  async function all(): Promise<readonly StreamLetter[]> {
    const state = await stateNow();
    if (seen?.state !== state) seen = { state, letters: readStreamLetters({ connection, db, log }, {}) };
    const reading = seen;
    return reading.letters.catch((error: unknown) => {
      if (seen === reading) seen = undefined;
      throw error;
    });
  }

  return {
    /** Those that the filter wants, by the place where they were read. @throws PipelineError kafka_…, store_… */
    read: async (filter: LetterFilter) => (await all()).filter((letter) => isWantedLetter(letter, filter)),
  };
}

/** The largest groups first. */
export function groupStreamLetters(letters: readonly StreamLetter[], limit: number): readonly Group[] {
  const groups = new Map<string, { group: Group; newest: number }>();
  for (const { letter, source, schemaId } of letters) {
    const { consumer, topic, code, type, state } = letter;
    const name = JSON.stringify([consumer, topic, code, source, type, schemaId]);
    const at = letter.at.getTime();
    const known = groups.get(name);
    const example = { id: letter.id, fault: faultOfLetter(letter) };
    const group: Group = {
      ...{ kind: "dead", code, type: type ?? "", source, schemaId, consumer, topic },
      count: (known?.group.count ?? 0) + 1,
      waiting: (known?.group.waiting ?? 0) + (state === "open" ? 1 : 0),
      first: Math.min(known?.group.first ?? at, at),
      last: Math.max(known?.group.last ?? at, at),
      example: known !== undefined && known.newest > at ? known.group.example : example,
    };
    groups.set(name, { group, newest: Math.max(known?.newest ?? at, at) });
  }
  const found = [...groups.values()].map(({ group }) => group);
  return found.sort((a, b) => b.count - a.count).slice(0, limit);
}

export function groupOfLetters(group: LetterGroup): Group {
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
  record_schema_unknown: "bytes of a schema that the registry knows",
  record_type_unknown: "a type of event that this program has",
};

export function faultOfLetter(letter: Pick<Letter, "code" | "message" | "topic" | "partition" | "offset">): Fault {
  const { code, message, topic, partition, offset } = letter;
  return {
    code: code as ErrorCode,
    pointer: `${topic}/${partition}/${offset}`,
    expected: wanted[code] ?? (code in errorTable ? `anything but this: ${errorTable[code as ErrorCode].title}` : ""),
    got: message,
  };
}
