import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { type Catalogue, createSchemas, loadCatalogue, type Schemas, schemaOptions } from "../../schemas/index.ts";
import { openRegistryCache } from "../../schemas/registry-cache.ts";
import { registerAll } from "../../schemas/schema-ids.ts";

/** A registry address where nothing listens. */
const nowhere = "http://127.0.0.1:9/apis/ccompat/v7";

/**
 * The real schemas as they start while the registry is down: from the ids that the disk remembers. `older` are schemas that
 * were registered some time ago, by id.
 */
export async function startOfflineSchemas(
  older: Readonly<Record<number, unknown>> = {},
  catalogue: Catalogue = loadCatalogue(),
): Promise<{ readonly schemas: Schemas; stop(): Promise<void> }> {
  const cacheDir = mkdtempSync(join(tmpdir(), "hailstream-schemas-"));
  const cache = openRegistryCache(cacheDir, nowhere);
  let lastId = 0;
  const register = async () => ++lastId;
  await registerAll(catalogue, { register, fetchSchema: async () => undefined }, cache);
  for (const [id, schema] of Object.entries(older)) cache.putSchema(Number(id), JSON.stringify(schema));
  const flags = { "registry-url": nowhere, "registry-cache-dir": cacheDir };
  const options = readOptions(schemaOptions, { flags });
  const schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics(), catalogue });
  await schemas.start(() => undefined);
  return {
    schemas,
    async stop() {
      await schemas.stop();
      rmSync(cacheDir, { recursive: true, force: true });
    },
  };
}
