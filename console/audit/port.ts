import type { Queryable } from "../../store/index.ts";

type NamedEvent = { readonly id: string; readonly type: string; readonly where: string };

/** The audit's own code, on connections of its own: it may read for long, and the other pages shall not wait for that. */
export type AuditPort = {
  readonly db: Queryable;
  /** The event types that are audited, and their tables. */
  readonly tables: readonly {
    readonly type: string;
    readonly tableName: string;
    /** A processor writes it, so ingest never sees it. */
    readonly isDerived: boolean;
  }[];
  /** Compares everything in a span of event time, whole minutes, and names what is wrong in it. */
  run(span: { readonly from: number; readonly to: number }): Promise<{
    readonly checked: number;
    readonly missing: readonly NamedEvent[];
    readonly extra: readonly NamedEvent[];
    readonly unnamed: readonly {
      readonly type: string;
      readonly where: string;
      readonly minute: string;
      readonly rows: number;
      readonly stored: number;
    }[];
  }>;
  /** What Kafka has lost, of whatever time: the event's own is lost with it. */
  lost(): Promise<readonly NamedEvent[]>;
};
