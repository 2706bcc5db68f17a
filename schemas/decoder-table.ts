import { type Counter, PipelineError } from "../runtime/index.ts";
import type { AvroRecord } from "./avro-json.ts";
import { createDecoder, type Refusal, refuse, type SchemaDecoder } from "./decoders.ts";
import type { Catalogue } from "./event-type.ts";
import type { Registry } from "./registry.ts";
import type { RegistryCache } from "./registry-cache.ts";

/** How long "there is no such id" is believed: a registry replica may learn of a new schema late. */
const unknownForMs = 10_000;
/** Hostile records may name any id: no more of them than this are remembered. */
const maxUnknownIds = 1_000;
/** A registry that does not answer is not asked again for so long: everyone who asks would wait for the same time-out. */
const silentForMs = 1_000;
/** A request of an app may name many ids; the registry is asked for so many at the same time. */
const maxLookups = 8;

/** The decoders of all schema ids met so far. */
export type DecoderTable = {
  /** A decoder, the reason why there is none, or undefined when the registry must be asked. */
  get(schemaId: number): SchemaDecoder | Refusal | undefined;
  /** Asks the registry, once however many ask at the same time. @throws PipelineError schema_registry_unreachable, schema_registry_refused */
  fetch(schemaId: number): Promise<SchemaDecoder | Refusal>;
  add(schemaId: number, schema: string): SchemaDecoder | Refusal;
};

export function createDecoderTable(parts: {
  readonly catalogue: Catalogue;
  readonly registry: Registry;
  readonly cache: RegistryCache;
  readonly lookups: Counter<"outcome">;
  readonly now?: () => number;
}): DecoderTable {
  const { catalogue, registry, cache, lookups, now = Date.now } = parts;
  const known = new Map<number, SchemaDecoder | Refusal>();
  const unknown = new Map<number, { readonly until: number; readonly refusal: Refusal }>();
  const underWay = new Map<number, Promise<SchemaDecoder | Refusal>>();
  let silence: { readonly until: number; readonly error: unknown } | undefined;
  let lookupsNow = 0;
  const turns: (() => void)[] = [];

  function add(schemaId: number, schema: string): SchemaDecoder | Refusal {
    const decoder = fromText(schemaId, schema, catalogue);
    known.set(schemaId, decoder);
    return decoder;
  }

  /** Waits for its turn, and fails at once while the registry is silent. */
  async function fetchInTurn(schemaId: number): Promise<string | undefined> {
    // Whoever is done hands on its place.
    if (lookupsNow < maxLookups) lookupsNow++;
    else await new Promise<void>((resolve) => void turns.push(resolve));
    try {
      if (silence !== undefined && now() < silence.until) throw silence.error;
      silence = undefined;
      return await registry.fetchSchema(schemaId);
    } catch (error) {
      if (PipelineError.is(error, "schema_registry_unreachable")) {
        silence ??= { until: now() + silentForMs, error };
      }
      throw error;
    } finally {
      const next = turns.shift();
      if (next === undefined) lookupsNow--;
      else next();
    }
  }

  async function ask(schemaId: number): Promise<SchemaDecoder | Refusal> {
    const schema = await fetchInTurn(schemaId).catch((error: unknown) => {
      lookups.inc({ outcome: "failed" });
      throw error;
    });
    if (schema !== undefined) {
      lookups.inc({ outcome: "found" });
      cache.putSchema(schemaId, schema);
      return add(schemaId, schema);
    }
    lookups.inc({ outcome: "unknown" });
    const refusal = refuse("record_schema_unknown", `the registry has no schema ${schemaId}`);
    if (unknown.size >= maxUnknownIds) unknown.clear();
    unknown.set(schemaId, { until: now() + unknownForMs, refusal });
    return refusal;
  }

  return {
    add,
    get(schemaId) {
      const decoder = known.get(schemaId);
      if (decoder !== undefined) return decoder;
      const denied = unknown.get(schemaId);
      if (denied === undefined) return undefined;
      if (denied.until > now()) return denied.refusal;
      unknown.delete(schemaId);
      return undefined;
    },
    fetch(schemaId) {
      let request = underWay.get(schemaId);
      if (request === undefined) {
        request = ask(schemaId).finally(() => void underWay.delete(schemaId));
        underWay.set(schemaId, request);
      }
      return request;
    },
  };
}

function fromText(schemaId: number, text: string, catalogue: Catalogue): SchemaDecoder | Refusal {
  let schema: AvroRecord | undefined;
  try {
    schema = JSON.parse(text) as AvroRecord;
  } catch {
    schema = undefined;
  }
  if (schema?.type !== "record" || !Array.isArray(schema.fields) || typeof schema.name !== "string") {
    return refuse("record_type_unknown", `schema ${schemaId} is no Avro record`);
  }
  return createDecoder(schemaId, schema, catalogue);
}
