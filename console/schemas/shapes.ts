import type { GroupRow } from "../kafka/shapes.ts";

/** What the server tells the page about types of events. null: not known. */

export type SchemaRow = {
  readonly name: string;
  /** event, reference or derived. */
  readonly kind: string;
  readonly topic: string;
  readonly key: string;
  readonly class: string;
  /** The newest released version; null: none yet. */
  readonly version: number | null;
  /** What a release would keep as the next version; null: nothing. */
  readonly trouble: string | null;
  readonly fields: number;
  readonly personal: number;
  readonly perMinute: number | null;
};

export type SchemaField = {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
  readonly required: boolean;
  /** What kind of personal data it is. */
  readonly personal: string | null;
  /** Added by the stream processor. */
  readonly enrichment: boolean;
};

/** A difference of two versions; `field` is empty for the record itself. */
export type SchemaChange = {
  readonly field: string;
  readonly breaking: boolean;
  readonly old: string;
  readonly new: string;
  readonly advice: string;
};

/** Who writes a topic: apps by ingest, a flow of the stream processor, or the audit. */
export type SchemaWriter = {
  readonly name: string;
  /** Of a flow: what it reads, and its consumer group. */
  readonly source: string | null;
  readonly group: string | null;
};

export type SchemaDetail = {
  readonly at: number;
  readonly schema: SchemaRow;
  readonly doc: string;
  readonly fullName: string;
  readonly enrichedTopic: string | null;
  readonly fields: readonly SchemaField[];
  readonly example: unknown;
  /** Names of versions, the oldest first; `now` is the file as it is. */
  readonly versions: readonly string[];
  readonly difference: {
    readonly from: string;
    readonly to: string;
    readonly changes: readonly SchemaChange[];
  } | null;
  readonly writers: readonly SchemaWriter[];
  /** By topic: who reads it, and how far. */
  readonly readers: readonly { readonly topic: string; readonly groups: readonly GroupRow[] }[];
};

/** What a pasted schema would mean. */
export type SchemaVerdict = {
  /** Why it is no schema of ours; null: it is one. */
  readonly problem: string | null;
  readonly results: readonly {
    readonly version: string;
    readonly compatible: boolean;
    readonly changes: readonly SchemaChange[];
  }[];
};
