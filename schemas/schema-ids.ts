import { type Logger, messageOf, PipelineError } from "../runtime/index.ts";
import { plainTypeOf } from "./codec.ts";
import { type Catalogue, schemaOf, subjectOf, type Variant } from "./event-type.ts";
import type { Registry } from "./registry.ts";
import type { RegistryCache } from "./registry-cache.ts";

/** The ids of our own schemas, by type and variant. */
export type SchemaIds = Readonly<Record<Variant, ReadonlyMap<string, number>>>;

/** How many registrations are under way at the same time. */
const concurrency = 4;

/** One schema of ours to be registered. */
type Own = {
  readonly type: string;
  readonly variant: Variant;
  readonly subject: string;
  readonly fingerprint: string;
  readonly schema: NonNullable<ReturnType<typeof schemaOf>>;
};

function ownSchemas(catalogue: Catalogue): Own[] {
  return [...catalogue.types.values()].flatMap((type) =>
    (["base", "enriched"] as const).flatMap((variant) => {
      const schema = schemaOf(type, variant);
      if (schema === undefined) return [];
      const fingerprint = plainTypeOf(schema).fingerprint("sha256").toString("hex").slice(0, 32);
      return [{ type: type.name, variant, subject: subjectOf(type, variant), fingerprint, schema }];
    }),
  );
}

/** Registers all our schemas and remembers their ids on disk. @throws PipelineError as `Registry.register` */
export async function registerAll(catalogue: Catalogue, registry: Registry, cache: RegistryCache): Promise<SchemaIds> {
  const waiting = ownSchemas(catalogue);
  const done: { own: Own; id: number }[] = [];
  const worker = async () => {
    for (let own = waiting.shift(); own !== undefined; own = waiting.shift()) {
      done.push({ own, id: await registry.register(own.subject, own.schema) });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  // Another id than last time means another registry at the same address: nothing remembered of it holds.
  const moved = done.some(({ own, id }) => (cache.idOf(own.subject, own.fingerprint) ?? id) !== id);
  if (moved) cache.clear();
  for (const { own, id } of done) {
    cache.putId(own.subject, own.fingerprint, id);
    cache.putSchema(id, JSON.stringify(own.schema));
  }
  return collect(done);
}

/** The ids that the disk remembers; undefined when one is missing. */
export function rememberedIds(catalogue: Catalogue, cache: RegistryCache): SchemaIds | undefined {
  const found: { own: Own; id: number }[] = [];
  for (const own of ownSchemas(catalogue)) {
    const id = cache.idOf(own.subject, own.fingerprint);
    if (id === undefined) return undefined;
    found.push({ own, id });
  }
  return collect(found);
}

/**
 * Registers, or falls back to the ids on disk while the registry does not answer.
 * @throws PipelineError schema_registry_unreachable when the disk does not know all ids; schema_incompatible; schema_registry_refused
 */
export async function obtainIds(
  catalogue: Catalogue,
  registry: Registry,
  cache: RegistryCache,
  log: Logger,
): Promise<{ readonly ids: SchemaIds; readonly confirmed: boolean }> {
  try {
    return { ids: await registerAll(catalogue, registry, cache), confirmed: true };
  } catch (error) {
    const remembered = PipelineError.is(error, "schema_registry_unreachable")
      ? rememberedIds(catalogue, cache)
      : undefined;
    if (remembered === undefined) throw error;
    log.warn(`${messageOf(error)}; going on with the schema ids of the last start`);
    return { ids: remembered, confirmed: false };
  }
}

/** Whether both name the same ids. */
export function sameIds(a: SchemaIds, b: SchemaIds): boolean {
  const same = (variant: Variant) => [...a[variant]].every(([type, id]) => b[variant].get(type) === id);
  return same("base") && same("enriched");
}

function collect(done: readonly { own: Own; id: number }[]): SchemaIds {
  const ids = { base: new Map<string, number>(), enriched: new Map<string, number>() };
  for (const { own, id } of done) ids[own.variant].set(own.type, id);
  return ids;
}
