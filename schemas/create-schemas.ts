import { createService, messageOf, PipelineError } from "../runtime/index.ts";
import { loadCatalogue } from "./catalogue.ts";
import { type Codec, createCodec, createScratch, maxRecordBytes, schemaIdIn } from "./codec.ts";
import { createDecoderTable } from "./decoder-table.ts";
import { refuse, tooLarge } from "./decoders.ts";
import { createEnrichmentEncoder } from "./enrichment.ts";
import type { EventType, Variant } from "./event-type.ts";
import { createLocalRegistry } from "./local-registry.ts";
import { connectRegistry } from "./registry.ts";
import { createMemoryCache, openRegistryCache } from "./registry-cache.ts";
import { obtainIds, registerAll, type SchemaIds, sameIds } from "./schema-ids.ts";
import type { Decoded, Projection, Schemas, SchemasParts } from "./schemas.ts";

/** How long to wait before the registry is asked again after a start without it. */
const confirmEveryMs = 15_000;

/**
 * The schemas of this process. `start` registers every type and resolves when all ids are known, from the registry or, while
 * that is down, from the disk; ids from the disk are confirmed as soon as the registry answers, and the service fails when it
 * turns out to be another registry. `check`, `keyOf` and `catalogue` work before `start`.
 */
export function createSchemas(parts: SchemasParts): Schemas {
  const { options, log, metrics } = parts;
  const catalogue = parts.catalogue ?? loadCatalogue();
  const isLocal = options === "in-process";
  const address = isLocal ? options : options.url;
  const registry = isLocal ? createLocalRegistry() : connectRegistry(options);
  const cache = isLocal ? createMemoryCache() : openRegistryCache(options.cacheDir, address);
  const lookups = metrics.counter("hailstream_schemas_lookups_total", "Schema ids that the registry was asked for.", [
    "outcome",
  ]);
  const table = createDecoderTable({ catalogue, registry, cache, lookups });
  const scratch = createScratch();
  const codecs: Record<Variant, Map<string, Codec>> = { base: new Map(), enriched: new Map() };
  for (const type of catalogue.types.values()) {
    codecs.base.set(type.name, createCodec(type.schema, scratch));
    if (type.enriched !== undefined) codecs.enriched.set(type.name, createCodec(type.enriched.schema, scratch));
  }
  let ids: SchemaIds | undefined;
  let confirming: NodeJS.Timeout | undefined;
  let stopped = false;

  const service = createService({
    name: "schemas",
    async start(fail) {
      const obtained = await obtainIds(catalogue, registry, cache, log);
      ids = obtained.ids;
      for (const [id, schema] of cache.schemas()) table.add(id, schema);
      if (!obtained.confirmed) confirmLater(obtained.ids, fail);
    },
    stop() {
      stopped = true;
      clearTimeout(confirming);
    },
  });

  function confirmLater(used: SchemaIds, fail: (cause: unknown) => void): void {
    confirming = setTimeout(async () => {
      try {
        const registered = await registerAll(catalogue, registry, cache);
        if (stopped) return;
        if (sameIds(used, registered))
          return log.info("the schema registry answers again and knows the same schema ids");
        const message =
          "The schema registry gives other ids than at the last start: it is another registry, or was wiped";
        fail(new PipelineError("schema_registry_refused", { message, fields: { registry: address } }));
      } catch (error) {
        if (stopped) return;
        if (!(error instanceof PipelineError) || !error.retryable) {
          fail(error);
          return;
        }
        log.debug(messageOf(error));
        confirmLater(used, fail);
      }
    }, confirmEveryMs);
    confirming.unref();
  }

  function codecOf(type: string, variant: Variant): Codec {
    const codec = codecs[variant].get(type);
    if (codec === undefined) throw unknownType(type, variant);
    return codec;
  }

  function schemaIdOf(type: string, variant: Variant = "base"): number {
    if (ids === undefined) throw new PipelineError("schemas_not_started");
    const id = ids[variant].get(type);
    if (id === undefined) throw unknownType(type, variant);
    return id;
  }

  function decode(bytes: Buffer): Decoded | Promise<Decoded> {
    const schemaId = schemaIdIn(bytes);
    if (schemaId === undefined) return refuse("record_framing_invalid", `${bytes.length} bytes without framing`);
    if (bytes.length > maxRecordBytes) return tooLarge(bytes);
    const decoder = table.get(schemaId);
    if (decoder === undefined) {
      return table.fetch(schemaId).then((fetched) => ("decode" in fetched ? fetched.decode(bytes) : fetched));
    }
    return "decode" in decoder ? decoder.decode(bytes) : decoder;
  }

  const knownDecoder = (schemaId: number) => {
    const decoder = table.get(schemaId);
    return decoder !== undefined && "decode" in decoder ? decoder : undefined;
  };

  return {
    ...service,
    catalogue,
    schemaIdOf,
    check: (type, data) => codecOf(type, "base").check(data),
    encode: (type, data, variant = "base") => codecOf(type, variant).encode(schemaIdOf(type, variant), data),
    keyOf(type, data) {
      const found: EventType | undefined = catalogue.types.get(type);
      if (found === undefined) throw unknownType(type, "base");
      return (data as Record<string, string>)[found.keyField] as string;
    },
    decode,
    async writerOf(schemaId) {
      const found = table.get(schemaId) ?? (await table.fetch(schemaId));
      return "decode" in found ? { type: found.type, variant: found.variant, schema: found.writer } : undefined;
    },
    decoderFor: knownDecoder,
    projection: (schemaId: number, fieldNames: readonly string[]): Projection | undefined =>
      knownDecoder(schemaId)?.project(fieldNames),
    enrichmentEncoder: (type) => createEnrichmentEncoder(catalogue.enrichment, schemaIdOf(type, "enriched")),
  };
}

function unknownType(type: string, variant: Variant): PipelineError {
  const message = variant === "base" ? `There is no event type ${type}` : `There is no enriched event type ${type}`;
  return new PipelineError("event_type_unknown", { message });
}
