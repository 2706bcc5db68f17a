/** What the server tells the page about the audit. Times are milliseconds since 1970; null: that station counts nothing of it. */

/** What each station has of some events, in the order of their way. */
export type Counts = {
  /** Acknowledged by Kafka to ingest; null: of a type that a processor writes. */
  readonly ingest: number | null;
  /** In the topics that ingest writes, repetitions included. */
  readonly kafka: number;
  /** Read by the sink, behind the processors; repetitions included. */
  readonly stream: number;
  /** New rows that the sink has stored, by the ledger. */
  readonly stored: number;
  /** Rows that are there now. */
  readonly rows: number;
};

/**
 * What the counts say by themselves. `agrees`: all alike. `differs`: the rows are not those that were stored, by number or fingerprint. `open`: some station has
 * another number; repetitions and what is on its way explain that, and the audit knows when nothing does.
 */
export type Says = "agrees" | "open" | "differs";

export type MinuteLine = Counts & { readonly type: string; readonly minute: number; readonly says: Says };
export type TypeLine = Counts & { readonly type: string; readonly minutes: number; readonly says: Says };

export type AuditMinutes = {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly types: readonly TypeLine[];
  /** The newest first. */
  readonly minutes: readonly MinuteLine[];
  /** How many minutes there are by the filters; more than are shown, maybe. */
  readonly total: number;
};

export const findingKinds = ["missing", "extra", "unnamed"] as const;

/** An event that is missing or too much, or a minute that is wrong without anybody being able to say by which event. */
export type AuditFinding = {
  readonly kind: (typeof findingKinds)[number];
  readonly type: string;
  /** The station where it is missing, or too much. */
  readonly where: string;
  readonly id: string | null;
  readonly minute: number | null;
  readonly rows: number | null;
  readonly stored: number | null;
};

export type AuditVerdict = {
  /** When the audit ended. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly milliseconds: number;
  /** Events whose count and fingerprint were compared. */
  readonly checked: number;
  readonly findings: readonly AuditFinding[];
  /** How many there are; more than are shown, maybe. */
  readonly total: number;
};
