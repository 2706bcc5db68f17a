import { foldLedger } from "../store/index.ts";
import { lostEvents } from "./acknowledged.ts";
import { type AuditedTable, compareTable, type Span } from "./compare-table.ts";
import { compareTopics } from "./compare-topics.ts";
import { type Named, type NamedEvent, type NameParts, nameEvents } from "./name-events.ts";
import { nameUnread } from "./name-unread.ts";

export type AuditParts = NameParts & {
  readonly tables: readonly AuditedTable[];
  /** The sink's consumer in `pipeline.checkpoints`. */
  readonly sinkGroup: string;
  /** In front of the name of the dead letters' topic; default none. */
  readonly topicPrefix?: string;
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

/** A minute that must be looked at id by id, unless it was looked at as it is. */
type Suspicious = { readonly minute: number; readonly signature: string };

/**
 * Tells what Kafka has lost, compares Kafka with what the sink has read, and the rows with what it has stored, by count and fingerprint; only minutes that do not agree are compared id
 * by id. A minute whose difference was looked into is looked into again only when it changes.
 */
export function createAudit({ tables, ...parts }: AuditParts): Audit {
  const known = new Map<string, ReadonlyMap<number, { readonly signature: string; readonly named: Named }>>();

  /** What is wrong in the minutes; those that are as they were when they were last looked into are not looked into again. */
  async function lookInto<S extends Suspicious>(
    what: string,
    suspects: readonly S[],
    name: (changed: readonly S[]) => Promise<ReadonlyMap<number, Named>>,
  ): Promise<readonly Named[]> {
    const before = known.get(what);
    const changed = suspects.filter(({ minute, signature }) => before?.get(minute)?.signature !== signature);
    const fresh = changed.length === 0 ? new Map<number, Named>() : await name(changed);
    const now = suspects.map(({ minute, signature }) => {
      const old = changed.some((each) => each.minute === minute) ? undefined : before?.get(minute)?.named;
      return [minute, { signature, named: old ?? fresh.get(minute) ?? nothing }] as const;
    });
    known.set(what, new Map(now));
    return now.map(([, { named }]) => named);
  }

  return {
    async run(span = {}) {
      await foldLedger(parts.db);
      const found: Named[] = [];
      let checked = 0;
      for (const table of tables) {
        const of = `${table.tableName}/${span.from}/${span.to}`;
        if (span.from === undefined && span.to === undefined) {
          const lost = await lostEvents(parts.db, table);
          found.push({ ...nothing, missing: lost.map((id) => ({ id, type: table.type, where: "kafka" })) });
        }
        const unread = await compareTopics(parts, table, span);
        found.push(...(await lookInto(`topics/${of}`, unread, (changed) => nameUnread(parts, table, changed))));
        const compared = await compareTable(parts.db, table, span);
        checked += compared.checked;
        found.push(
          ...(await lookInto(`rows/${of}`, compared.suspects, (changed) => nameEvents(parts, table, changed))),
        );
      }
      return {
        from: timeOf(span.from),
        to: timeOf(span.to),
        checked,
        missing: distinct(found.flatMap(({ missing }) => missing)),
        extra: found.flatMap(({ extra }) => extra),
        unnamed: found.flatMap(({ unnamed }) => unnamed),
      };
    },
  };
}

/** An event that was lost between two stations may be missed by the comparison of either. */
function distinct(events: readonly NamedEvent[]): readonly NamedEvent[] {
  return [...new Map(events.map((event) => [`${event.type} ${event.id}`, event])).values()];
}

const nothing: Named = { missing: [], extra: [], unnamed: [] };
const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
