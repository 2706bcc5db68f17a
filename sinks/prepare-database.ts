import type { Logger } from "../runtime/index.ts";
import type { Catalogue } from "../schemas/index.ts";
import { migrate } from "../store/index.ts";
import { ensureEventTables } from "./postgres/ensure-tables.ts";
import { storedTables } from "./postgres/event-types.ts";

/**
 * Brings a database to this version, as its owner: the migrations, then the event tables of the catalogue. Safe to call from several
 * processes at once and as often as one likes.
 * @throws PipelineError store_unavailable, store_failed
 */
export async function prepareDatabase(url: string, catalogue: Catalogue, log: Logger): Promise<void> {
  await migrate(url, log);
  const tables = storedTables(catalogue.types.values());
  await ensureEventTables(
    url,
    tables.map((table) => table.definition),
    log,
  );
}
