import type { Logger } from "../runtime/index.ts";
import type { Catalogue } from "../schemas/index.ts";
import { migrate } from "../store/index.ts";
import { ensureEventTables } from "./postgres/ensure-tables.ts";
import { storedTables } from "./postgres/event-types.ts";
import { retentionOf, setRetention } from "./postgres/retention.ts";

/**
 * Brings a database to this version, as its owner: the migrations, then the event tables of the catalogue and for how long they keep their events. Safe to call
 * from several processes at once and as often as one likes.
 * @param keepDays days by event type, `*` for the types that are not named; what neither names is kept
 * @throws PipelineError store_unavailable, store_failed, option_invalid for a type that there is not
 */
export async function prepareDatabase(
  url: string,
  catalogue: Catalogue,
  log: Logger,
  keepDays: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
  const tables = storedTables(catalogue.types.values());
  const retention = retentionOf(tables, keepDays);
  await migrate(url, log);
  await ensureEventTables(
    url,
    tables.map((table) => table.definition),
    log,
  );
  await setRetention(
    url,
    tables.map(({ tableName }) => tableName),
    retention,
    log,
  );
}
