import { PipelineError } from "../runtime/index.ts";
import type { Violation } from "../schemas/index.ts";
import type { Prediction } from "./quarantine-predict.ts";
import { describeViolation, oneLine, shortId, times } from "./quarantine-words.ts";

/** What a command over many events came to; what became of each is listed up to a limit. */
export type Outcomes = {
  matched: number;
  /** Those for which the command could do what it is for. */
  done: number;
  /** What the front door would say now of those, or what it said. */
  readonly counts: Record<string, number>;
  /** How many were left alone, by the code of the reason. */
  readonly skipped: Record<string, number>;
  readonly events: OutcomeLine[];
  /** How many more there are than are listed. */
  unlisted: number;
};

export type OutcomeLine = {
  readonly quarantine_id: string;
  readonly event_id: string;
  readonly outcome: string;
  readonly code?: string;
  readonly pointer?: string;
  readonly message?: string;
};

/** Beyond this many, one by one helps nobody; the counts are of all. */
const maxListed = 1_000;

export function noOutcomes(): Outcomes {
  return { matched: 0, done: 0, counts: {}, skipped: {}, events: [], unlisted: 0 };
}

type Named = { readonly quarantine_id: string; readonly event_id: string };

/** Adds what would become of an event, or why it is left alone. */
export function addOutcome(outcomes: Outcomes, entry: Named, outcome: Prediction | PipelineError): void {
  outcomes.matched += 1;
  if (outcome instanceof PipelineError) {
    outcomes.skipped[outcome.code] = (outcomes.skipped[outcome.code] ?? 0) + 1;
    addLine(outcomes, entry, { outcome: "skipped", code: outcome.code, message: outcome.message });
    return;
  }
  const { would, violations, why } = outcome;
  outcomes.done += 1;
  outcomes.counts[would] = (outcomes.counts[would] ?? 0) + 1;
  const [first] = violations as readonly (Violation | undefined)[];
  const message = first === undefined ? why : describeViolation(first);
  addLine(outcomes, entry, {
    outcome: would,
    ...(first === undefined ? {} : { code: first.code, pointer: first.pointer }),
    ...(message === undefined ? {} : { message }),
  });
}

/** Adds a line, when there is room. */
export function addLine(
  outcomes: Pick<Outcomes, "events" | "unlisted">,
  { quarantine_id, event_id }: Named,
  line: Omit<OutcomeLine, keyof Named>,
): void {
  if (outcomes.events.length < maxListed) outcomes.events.push({ quarantine_id, event_id, ...line });
  else outcomes.unlisted += 1;
}

/** A line for each event, then the counts. */
export function describeOutcomes({ events, unlisted, counts, skipped }: Outcomes): readonly string[] {
  const width = Math.max(0, ...events.map(({ outcome }) => outcome.length));
  const lines = events.map(({ quarantine_id, event_id, outcome, message }) =>
    oneLine(
      `${shortId(quarantine_id)}  ${outcome.padEnd(width)}  ${event_id}${message === undefined ? "" : `  ${message}`}`,
    ),
  );
  return [
    ...lines,
    ...(unlisted === 0 ? [] : [`… and ${times(unlisted, "event")} more`]),
    "",
    ...Object.entries(counts).map(([outcome, count]) => `${count}  ${outcome}`),
    ...Object.entries(skipped).map(([code, count]) => `${count}  skipped: ${code}`),
  ];
}
