/** What the server tells the page about the pipeline as a whole. Times are milliseconds since 1970; null: not known. */

/** How bad it is. `fault`: events do not go on, or are not where they should be. `warning`: somebody should look. */
export type Severity = "fault" | "warning";

/** Something that is wrong: where, since when, what is safe in spite of it, and what to do. */
export type Finding = {
  /** The same for the same trouble, from one look to the next. */
  readonly key: string;
  readonly severity: Severity;
  /** Name of a {@link Box}. */
  readonly station: string;
  /** One sentence without the time. */
  readonly what: string;
  readonly safe: string;
  /** What to do; a command is a line of its own in `command`. */
  readonly advice: string;
  readonly command?: string;
  /** The view of the console that shows more of it. */
  readonly view?: { readonly to: string; readonly name: string };
};

/** A finding with its beginning: `exact` to some seconds, or `latest`: it was there when the console first looked. */
export type DatedFinding = Finding & { readonly since: number; readonly sinceIs: "exact" | "latest" };

/** A figure of a box. */
export type Figure = {
  readonly label: string;
  readonly value: number | null;
  /** Whether some of it is not known now, so that it may be more. */
  readonly isLeast?: boolean;
  readonly unit: "per-second" | "seconds" | "events" | "rows" | "milliseconds";
  /** Whether it is about errors, which are marked when there are any. */
  readonly bad?: boolean;
};

/** A station on the first page. */
export type Box = {
  readonly name: string;
  /** What it does, in few words. */
  readonly does: string;
  /** `unseen`: not asked yet. `starting`: it answers and says what it waits for. */
  readonly state: "ok" | "starting" | "silent" | "unseen";
  /** The one that stands large. */
  readonly main: Figure;
  readonly figures: readonly Figure[];
};

/** A consumer that is behind. */
export type Lag = {
  readonly group: string;
  readonly topic: string;
  readonly records: number;
  readonly seconds: number;
  /** Partitions of which it is not known now, and why; the numbers are those of the others. */
  readonly unknown: readonly { readonly partition: number; readonly why: string }[];
};

/** All that the first page shows. */
export type Flow = {
  readonly at: number;
  readonly boxes: readonly Box[];
  readonly findings: readonly DatedFinding[];
  /** Of consumers that are behind by a second or more, or of which it is not known, the furthest first; null: nothing is known. */
  readonly lags: readonly Lag[] | null;
  /** What has not answered at all yet, so that nothing can be said. */
  readonly unknown: readonly string[];
};
