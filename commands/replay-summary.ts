import type { PlayCounts, Rejection, Tally } from "../apps/index.ts";
import type { RowCount } from "./replay-rows.ts";

/** The JSON line that ends a replay. Scripts rely on the first five fields. */
export type ReplaySummary = {
  /** Trips that were played. */
  readonly trips: number;
  /** Distinct events: those of the trips and the reference data. */
  readonly sent: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Rows of the accepted events in `events.*`; null when they were not counted. */
  readonly rows: number | null;
  readonly ok: boolean;
  /** City, drivers and vehicles among `sent`. */
  readonly reference: number;
  /** Accepted events that wait for a repair; they are no rows yet. */
  readonly quarantined: number;
  /** Events that went over the wire again. */
  readonly retried: number;
  readonly fileRows: number;
  readonly storedAndForwarded: number;
  readonly outOfOrder: number;
  /** Dirty rows by what is wrong, with the first lines. Those without time or place of pickup are not played. */
  readonly problems: Readonly<Record<string, { readonly rows: number; readonly lines: readonly number[] }>>;
  readonly rejections: readonly Rejection[];
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly trouble?: string;
};

export function replaySummary(p: {
  readonly counts: PlayCounts;
  readonly tally: Tally;
  readonly rejections: readonly Rejection[];
  readonly rows: RowCount | undefined;
  readonly seconds: number;
}): ReplaySummary {
  const { counts, tally } = p;
  const allPlayed = counts.begun === counts.trips && tally.accepted === tally.sent;
  return {
    trips: counts.begun,
    sent: tally.sent,
    accepted: tally.accepted,
    rejected: tally.rejected,
    rows: p.rows?.rows ?? null,
    ok: allPlayed && (p.rows?.complete ?? true),
    reference: counts.reference,
    quarantined: tally.quarantined,
    retried: tally.retried,
    fileRows: counts.rows,
    storedAndForwarded: counts.storedAndForwarded,
    outOfOrder: counts.outOfOrder,
    problems: Object.fromEntries(
      [...counts.problems].map(([problem, { count, lines }]) => [problem, { rows: count, lines }]),
    ),
    rejections: p.rejections,
    seconds: Math.round(p.seconds * 10) / 10,
    eventsPerSecond: Math.round(tally.sent / Math.max(0.001, p.seconds)),
    ...(p.rows?.trouble === undefined ? {} : { trouble: p.rows.trouble }),
  };
}

/** The same for people. */
export function describeReplay(summary: ReplaySummary): string {
  const { sent, accepted, rejected, rows } = summary;
  const lines = [
    `${summary.trips} trips of ${summary.fileRows} rows in ${summary.seconds} s (${summary.eventsPerSecond} events/s)`,
    `  sent      ${sent} events, ${summary.reference} of them reference data; ${summary.retried} sent again`,
    `  accepted  ${accepted}${summary.quarantined > 0 ? `, ${summary.quarantined} of them quarantined` : ""}`,
    `  rejected  ${rejected}`,
    `  rows      ${rows === null ? "not counted (needs --postgres-url, or a running local stack, and a replay to the end)" : rows}`,
  ];
  if (sent > accepted + rejected) lines.push(`  no answer ${sent - accepted - rejected}`);
  if (summary.storedAndForwarded > 0) {
    lines.push(`  late      ${summary.storedAndForwarded} trips were stored in the vehicle and forwarded afterwards`);
  }
  if (summary.outOfOrder > 0)
    lines.push(`  ${summary.outOfOrder} trips came too late in the file to be played in order`);
  for (const [problem, { rows: count, lines: at }] of Object.entries(summary.problems)) {
    lines.push(`  ${problem.replaceAll("_", " ")}: ${count} rows, first at line ${at.join(", ")}`);
  }
  for (const { type, reason } of summary.rejections) {
    lines.push(`  rejected ${type}: ${reason.code} ${reason.pointer ?? ""} ${reason.message ?? ""}`.trimEnd());
  }
  if (summary.trouble !== undefined) lines.push(`  Postgres: ${summary.trouble}`);
  if (rows !== null && rows !== accepted) lines.push(`  ${accepted - rows} accepted events are not rows yet`);
  return `${lines.join("\n")}\n`;
}
