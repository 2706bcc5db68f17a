import type { RefusedFilter } from "./shapes.ts";

/** What can be done about refused events. `fix`: keep a corrected version; `replay`: post again through the front door; `redrive`: let a consumer try again. */
export const deeds = ["fix", "replay", "redrive"] as const;
export type Deed = (typeof deeds)[number];

/** One change of an event, at a JSON pointer. */
export type EditOrder =
  | { readonly kind: "set"; readonly pointer: string; readonly value: unknown }
  | { readonly kind: "unset"; readonly pointer: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string };

/** How an event is to be corrected: the same edits for each, or the one event, whole, as it was changed from `before`. */
export type Correction =
  | { readonly edits: readonly EditOrder[]; readonly newId: boolean }
  | { readonly event: Readonly<Record<string, unknown>>; readonly before: string };

/** What somebody wants to be done. */
export type Order = {
  readonly deed: Deed;
  readonly filter: RefusedFilter;
  /** Tell only what would come of it. */
  readonly dryRun: boolean;
  /** Who wants it, for the records. */
  readonly by: string;
  /** Of `fix`. */
  readonly correction?: Correction;
  /** Of `replay`: events whose id belongs to another get one of their own. */
  readonly newId?: boolean | undefined;
  /** Of `replay`: what a device sent for somebody else is true all the same. */
  readonly vouch?: boolean | undefined;
  /** Of `redrive`: store also what a tombstone may have deleted since. */
  readonly revive?: boolean | undefined;
  /** Of `redrive`: send records also where a connector keeps a row a key and may have a newer one. */
  readonly overwrite?: boolean | undefined;
};

/** How far a deed is. `good`: fixed, accepted (or would be), redriven. `bad`: refused again. `skipped`: left alone, by the code of the reason. */
export type Progress = {
  readonly total: number;
  readonly done: number;
  readonly good: number;
  readonly bad: number;
  readonly skipped: Readonly<Record<string, number>>;
};

/** What became of one event, for which something is to be said. */
export type Outcome = {
  readonly id: string;
  readonly outcome: string;
  readonly code: string | null;
  readonly message: string | null;
};

/** What the port gives when a deed has ended. */
export type Ended = {
  readonly progress: Progress;
  /** Of the events that did not come through, at most some. */
  readonly outcomes: readonly Outcome[];
  /** It was told to stop before its end. */
  readonly interrupted: boolean;
};

/** One deed, under way or ended, as pages follow it. Times are milliseconds since 1970. */
export type Act = Progress & {
  readonly id: string;
  readonly deed: Deed;
  readonly dryRun: boolean;
  readonly by: string;
  readonly began: number;
  readonly ended: number | null;
  readonly state: "running" | "stopping" | "done" | "stopped" | "failed";
  /** Why it failed. */
  readonly trouble: string | null;
  readonly outcomes: readonly Outcome[];
};

/** A line of the records: who did what, when, and what came of it; of the pages and of the commands. */
export type RecordLine = {
  readonly id: string;
  readonly deed: Deed;
  readonly by: string;
  /** Which events, and how, as JSON. */
  readonly what: string;
  readonly began: number;
  readonly ended: number | null;
  readonly matched: number | null;
  readonly good: number | null;
};
