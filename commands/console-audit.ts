import { lostEvents } from "../audit/acknowledged.ts";
import { createAudit } from "../audit/index.ts";
import type { AuditPort } from "../console/index.ts";
import type { KafkaConnection } from "../kafka/index.ts";
import type { Logger, Metrics, Service } from "../runtime/index.ts";
import type { Catalogue } from "../schemas/index.ts";
import { createDatabase } from "../store/index.ts";
import { auditedTables } from "./audit.ts";

export type ConsoleAuditParts = {
  readonly url: string;
  readonly connection: KafkaConnection;
  readonly catalogue: Catalogue;
  readonly groupPrefix: string;
  /** The sink's consumer in `pipeline.checkpoints`. */
  readonly sinkGroup: string;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/** A day of a busy table; whoever looks waits for it. */
const statementTimeoutMs = 60_000;

/** What the console's page of the audit shows, by the code of `hailstream audit`. */
export function consoleAudit(parts: ConsoleAuditParts): Service & AuditPort {
  const { url, connection, catalogue, groupPrefix, sinkGroup, metrics, log } = parts;
  const db = createDatabase({ name: "console audit", url, log, metrics, max: 2, statementTimeoutMs });
  const tables = auditedTables(catalogue, groupPrefix);
  return {
    ...{ name: "console audit", db },
    tables: tables.map((table) => ({ ...table, isDerived: catalogue.types.get(table.type)?.kind === "derived" })),
    start: (fail) => db.start(fail),
    stop: () => db.stop(),
    // A new one each time: what an audit remembers of a span is worth nothing for the next one, which begins a minute later.
    run: (span) => createAudit({ db, connection, tables, sinkGroup, log }).run(span),
    async lost() {
      const found = await Promise.all(
        tables.map(async (table) =>
          (await lostEvents(db, table)).map((id) => ({ id, type: table.type, where: "kafka" })),
        ),
      );
      return found.flat();
    },
  };
}
