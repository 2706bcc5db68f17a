import { foldLedger } from "../store/index.ts";
import { type AuditedTable, compareTable, type Span } from "./compare-table.ts";
import { type Named, type NameParts, nameEvents } from "./name-events.ts";

export type AuditParts = NameParts & {
  readonly tables: readonly AuditedTable[];
};

/** What one audit found. Without missing, extra and unnamed events everything is where the ledger says. */
export type AuditResult = Named & {
  /** RFC 3339; null: no bound was given. */
  readonly from: string | null;
  readonly to: string | null;
  /** Events whose count and fingerprint were compared. */
  readonly checked: number;
};

export type Audit = {
  /** Compares everything in a span of event time, and names what is wrong in it. @throws PipelineError store_…, kafka_… */
  run(span?: Span): Promise<AuditResult>;
};

/**
 * Compares the rows of all tables with the ledger by count and fingerprint; only minutes that do not agree are compared id by id with Kafka. A minute whose
 * difference was looked into is looked into again only when it changes.
 */
export function createAudit({ tables, ...parts }: AuditParts): Audit {
  const known = new Map<string, Named & { readonly signature: string }>();
  return {
    async run(span = {}) {
      await foldLedger(parts.db);
      const found: Named[] = [];
      let checked = 0;
      for (const table of tables) {
        const compared = await compareTable(parts.db, table, span);
        checked += compared.checked;
        const key = `${table.tableName}/${span.from}/${span.to}`;
        if (compared.suspects.length === 0) {
          known.delete(key);
          continue;
        }
        const signature = compared.suspects.map((suspect) => `${suspect.minute}:${suspect.signature}`).join(" ");
        const before = known.get(key);
        const named = before?.signature === signature ? before : await nameEvents(parts, table, compared.suspects);
        known.set(key, { ...named, signature });
        found.push(named);
      }
      return {
        from: timeOf(span.from),
        to: timeOf(span.to),
        checked,
        missing: found.flatMap(({ missing }) => missing),
        extra: found.flatMap(({ extra }) => extra),
        unnamed: found.flatMap(({ unnamed }) => unnamed),
      };
    },
  };
}

const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
