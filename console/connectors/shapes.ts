/** What the server tells the page about connectors. Times are milliseconds since 1970, offsets decimal text; null: not known. */

/** What may be asked of a connector. */
export const connectorVerbs = ["pause", "resume", "stop", "restart", "restart-failed"] as const;
export type ConnectorVerb = (typeof connectorVerbs)[number];

export type ConnectorRow = {
  readonly name: string;
  readonly kind: string;
  /** What is wanted: RUNNING, PAUSED or STOPPED. */
  readonly state: string;
  readonly tasks: number;
  readonly failed: number;
  readonly trouble: string | null;
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
  /** Of which partitions the offsets are not known now, and why; the numbers are those of the others. */
  readonly unknown: string | null;
  /** What was done to it last by the console: `pause`, by whom, when. */
  readonly last: ConnectorAction | null;
};

/** Something that a person did, or tried to do. */
export type ConnectorAction = {
  readonly at: number;
  readonly by: string;
  readonly what: string;
  /** Why it was refused; null: it was done. */
  readonly refusal: string | null;
};

/** A part of a connector in one process. */
export type ConnectorTask = {
  readonly id: number;
  readonly state: string;
  readonly worker: string;
  /** The first error since it last ran well. */
  readonly trace: string | null;
};

/** How far it is in a partition: the first offset that is not stored yet, and what the partition holds. */
export type ConnectorOffset = {
  readonly topic: string;
  readonly partition: number;
  readonly next: string | null;
  readonly low: string | null;
  readonly high: string | null;
  readonly records: number | null;
  readonly seconds: number | null;
  /** Why these are not known now. */
  readonly unknown: string | null;
};

export type ConnectorDetail = {
  readonly at: number;
  readonly connector: ConnectorRow;
  readonly tasks: readonly ConnectorTask[];
  readonly offsets: readonly ConnectorOffset[];
  readonly config: readonly { readonly name: string; readonly value: string }[];
  /** The newest first. */
  readonly actions: readonly ConnectorAction[];
};
