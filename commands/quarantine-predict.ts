import { acceptEvents, type EventKnowledge } from "../ingest/events/accept-event.ts";
import { readItems } from "../ingest/formats/read-items.ts";
import { anySender } from "../ingest/identity/sender.ts";
import { ingestOptions } from "../ingest/options.ts";
import { createMetrics, type Logger, messageOf, type OptionSource, readOptions } from "../runtime/index.ts";
import { createSchemas, schemaOptions, type Violation } from "../schemas/index.ts";
import { type Queryable, sqlStateOf, sqlStates } from "../store/index.ts";

/** What the front door would say of an event; `unknown` when only the door itself can tell. */
export type Prediction = {
  readonly would: "accepted" | "duplicate" | "rejected" | "unknown";
  readonly violations: readonly Violation[];
  /** Why it is not known. */
  readonly why?: string;
};

/**
 * The judgement of the front door without the door: the same code, by the schemas of this program, for a key that may post everything.
 * Nothing is registered or stored. The registry is asked only for events in Avro.
 */
export function createPredictor(source: OptionSource, registryUrl: string | undefined, log: Logger) {
  const registry = registryUrl === undefined ? {} : { HAILSTREAM_REGISTRY_URL: registryUrl };
  const schemas = createSchemas({
    options: readOptions(schemaOptions, { ...source, env: { ...registry, ...source.env } }),
    log,
    metrics: createMetrics(),
  });
  const limits = readOptions(ingestOptions, {
    env: { ...source.env, HAILSTREAM_INGEST_ALLOW_ANONYMOUS: "true" },
  });
  const knowledge: EventKnowledge = {
    catalogue: schemas.catalogue,
    check: schemas.check,
    keyOf: schemas.keyOf,
    // Only the registry gives ids, and nothing is written.
    schemaIdOf: () => 0,
    encode: () => Buffer.alloc(0),
  };
  const sender = anySender("quarantine");
  const reading = { options: limits, decode: (bytes: Buffer) => schemas.decode(bytes) };

  async function judge(bytes: Buffer) {
    const items = await readItems("one", [], bytes, reading);
    const [verdict] = acceptEvents(items, knowledge, limits, { receivedAt: Date.now() }, sender);
    return verdict;
  }

  /** One prediction an event, in order. */
  async function predict(db: Queryable, events: readonly Buffer[]): Promise<readonly Prediction[]> {
    const verdicts = await Promise.all(events.map((bytes) => judge(bytes).catch((error: unknown) => messageOf(error))));
    const known = verdicts.filter((verdict) => typeof verdict === "object" && verdict.outcome === "accepted");
    const rows = await rowsOf(db, known);
    return verdicts.map((verdict): Prediction => {
      if (typeof verdict !== "object") return { would: "unknown", violations: [], why: verdict ?? "no event" };
      if ("violations" in verdict) return { would: "rejected", violations: verdict.violations };
      if (verdict.outcome !== "accepted")
        return { would: "unknown", violations: [], why: "the registry does not answer" };
      const times = rows.get(`${verdict.type.name} ${verdict.id}`);
      if (times === undefined) return { would: "accepted", violations: [] };
      if (times.some((time) => Math.abs(time - verdict.occurredAt) <= 1)) return { would: "duplicate", violations: [] };
      return { would: "rejected", violations: [conflict(verdict.id)] };
    });
  }

  return { predict, types: schemas.catalogue.types };
}

export type Predictor = ReturnType<typeof createPredictor>;

type Accepted = Extract<ReturnType<typeof acceptEvents>[number], { readonly outcome: "accepted" }>;

/** The times, in milliseconds since 1970, of the rows that have these ids already, by type and id. */
async function rowsOf(db: Queryable, events: readonly unknown[]): Promise<ReadonlyMap<string, readonly number[]>> {
  const idsOf = new Map<string, string[]>();
  for (const { type, id } of events as readonly Accepted[]) idsOf.set(type.name, [...(idsOf.get(type.name) ?? []), id]);
  const found = new Map<string, number[]>();
  for (const [type, ids] of idsOf) {
    for (const { event_id, occurred_at } of await select(db, type, ids)) {
      const key = `${type} ${event_id}`;
      found.set(key, [...(found.get(key) ?? []), occurred_at.getTime()]);
    }
  }
  return found;
}

async function select(db: Queryable, type: string, ids: readonly string[]) {
  const table = `events.${type.replaceAll(".", "_")}`;
  try {
    return await db.query<{ event_id: string; occurred_at: Date }>(
      `select event_id, occurred_at from ${table} where event_id = any($1)`,
      [ids],
    );
  } catch (error) {
    // A type without a table has no rows.
    if (sqlStateOf(error) === sqlStates.undefinedTable) return [];
    throw error;
  }
}

function conflict(id: string): Violation {
  return {
    code: "id_conflict",
    pointer: "/id",
    expected: "an id that no other event has",
    got: JSON.stringify(id),
    message: "A row with this id and another time is there already.",
  };
}
