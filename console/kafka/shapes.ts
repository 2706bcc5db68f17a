/** What the server tells the page about topics and consumer groups. Times are milliseconds since 1970, offsets decimal text; null: not known. */

/** A part of a list, and of what it is a part. */
export type ListPage<Row> = {
  /** When Kafka was asked. */
  readonly at: number;
  /** Why there is nothing newer; absent: there is. */
  readonly problem?: string;
  /** Why there may be consumer groups that nobody tells of now; absent: these are all. */
  readonly missing?: string;
  /** How many there are, and how many of them fit the filter. */
  readonly total: number;
  readonly matched: number;
  /** From 1 on. */
  readonly page: number;
  readonly pages: number;
  readonly rows: readonly Row[];
};

export type TopicRow = {
  readonly name: string;
  readonly partitions: number;
  /** What is wrong with its replicas. */
  readonly trouble: string | null;
  /** Of which partitions the offsets are not known now, and why; the numbers are those of the others. */
  readonly unknown: string | null;
  /** Offsets that it holds; of a compacted topic some of them are empty. */
  readonly records: number | null;
  readonly perSecond: number | null;
  /** Groups that have read of it. */
  readonly groups: number;
  /** Of the group that is furthest behind. */
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
};

export type GroupRow = {
  readonly name: string;
  readonly state: string;
  readonly members: number;
  readonly topics: number;
  /** Nobody reads although there is something to read. */
  readonly trouble: string | null;
  /** What of it is not known now, and why; the numbers are those of what is. */
  readonly unknown: string | null;
  readonly lagRecords: number | null;
  /** The age of its oldest record that is not committed. */
  readonly lagSeconds: number | null;
};

export type PartitionRow = {
  readonly partition: number;
  readonly leader: number | null;
  readonly replicas: number;
  readonly inSync: number;
  readonly low: string | null;
  readonly high: string | null;
  /** Why these are not known now. */
  readonly unknown: string | null;
};

/** How far a group is in a partition. */
export type LagRow = {
  readonly topic: string;
  readonly partition: number;
  readonly committed: string | null;
  readonly records: number | null;
  readonly seconds: number | null;
  /** Why these are not known now. */
  readonly unknown: string | null;
  /** Who reads it now. */
  readonly member: string | null;
};

export type TopicDetail = {
  readonly at: number;
  readonly problem?: string;
  readonly missing?: string;
  readonly name: string;
  readonly trouble: string | null;
  readonly unknown: string | null;
  readonly perSecond: number | null;
  readonly partitions: readonly PartitionRow[];
  readonly groups: readonly GroupRow[];
  /** Types of events that our schemas put here, each with its plain words. */
  readonly types: readonly { readonly name: string; readonly doc: string }[];
  /** Settings that say how long records stay. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
};

export type GroupDetail = {
  readonly at: number;
  readonly problem?: string;
  readonly group: GroupRow;
  readonly members: readonly { readonly name: string; readonly host: string; readonly partitions: number }[];
  readonly lags: readonly LagRow[];
};

/** A record of a partition. */
export type RecordRow = {
  readonly offset: string;
  /** When it arrived. */
  readonly arrivedAt: number;
  readonly key: string | null;
  /** Of its event; null without headers of ours. */
  readonly type: string | null;
  readonly size: number;
  /** Decoded; absent where the bytes cannot be decoded, or may not be seen. */
  readonly data?: unknown;
  /** What the bytes are written by. */
  readonly schema?: string;
  /** Why the bytes are not decoded. */
  readonly problem?: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** The value in base64, at most {@link maxShownBytes} of it; absent for the role view. */
  readonly bytes?: string;
  /** Names of the fields that are masked. */
  readonly masked: readonly string[];
};

export const maxShownBytes = 4_096;

export type RecordList = {
  readonly topic: string;
  readonly partition: number;
  readonly low: string;
  readonly high: string;
  /** In the order of their offsets. */
  readonly records: readonly RecordRow[];
};
