import type { Logger, Metrics } from "../../runtime/index.ts";
import type { Database } from "../../store/index.ts";
import type { Sink } from "../sink.ts";
import { eventTableOf } from "./event-table.ts";
import type { StoredTable } from "./event-types.ts";
import { createPostgresSink } from "./postgres-sink.ts";
import { createSchemaRoutes, type FindWriterSchema } from "./schema-routes.ts";

export type EventSinkParts = {
  readonly db: Database;
  readonly tables: readonly StoredTable[];
  readonly findWriter: FindWriterSchema;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Whether it is written into the audit ledger what is read and stored; default true. */
  readonly ledger?: boolean;
  /** As of a {@link createPostgresSink}. */
  readonly dryRun?: boolean;
};

/** The sink that stores the events of all types, each in its table. */
export function createEventSink(parts: EventSinkParts): Sink {
  const isCounted = parts.ledger ?? true;
  const tables = new Map(
    parts.tables.map((stored) => [
      stored.type,
      eventTableOf(stored, { counted: isCounted && stored.keeps === "events" }),
    ]),
  );
  return createPostgresSink({
    db: parts.db,
    dryRun: parts.dryRun ?? false,
    tables: [...tables.values()],
    routeOf: createSchemaRoutes(tables, parts.findWriter),
    log: parts.log,
    metrics: parts.metrics,
  });
}
