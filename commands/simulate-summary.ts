import { addsUp, type FleetTally } from "../apps/index.ts";
import type { RowCount } from "./replay-rows.ts";

/** What came of a simulation: `sent` = `accepted` + `rejected` + all of `dropped` + `unanswered`. */
export type SimulationSummary = FleetTally & {
  /** Rows of accepted events in Postgres, quarantined ones not among them; null when nobody counted. */
  readonly stored: number | null;
  readonly skipped: number;
  readonly seconds: number;
  /** Everything adds up, nothing but bad events was turned away, and each accepted event is one row. */
  readonly ok: boolean;
};

export function simulationSummary(p: {
  readonly tally: FleetTally;
  readonly skipped: number;
  readonly seconds: number;
  readonly rows: RowCount | undefined;
}): SimulationSummary {
  const { tally, skipped, seconds, rows } = p;
  const turnedAway = tally.rejected + tally.quarantined;
  const ok = addsUp(tally) && turnedAway <= tally.bad && (rows?.complete ?? true);
  return { ...tally, stored: rows?.rows ?? null, skipped, seconds, ok };
}

/** The summary for people. */
export function describeSimulation(summary: SimulationSummary, rows: RowCount | undefined): string {
  const { dropped, quarantined, stored } = summary;
  const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  const lines = [
    `sent          ${summary.sent}, from ${summary.phones} phones in ${summary.seconds} s`,
    `= accepted    ${summary.accepted}${quarantined === 0 ? "" : `, ${quarantined} of them in quarantine`}`,
    `+ rejected    ${summary.rejected}`,
    `+ dropped     ${reasons.length === 0 ? 0 : reasons.join(", ")}`,
    `+ unanswered  ${summary.unanswered}`,
    stored === null ? "rows          not counted" : `rows          ${stored} of ${summary.accepted - quarantined}`,
    `on the way    ${summary.requests} requests, ${summary.retried} events sent again, ${summary.duplicates} of them stored before`,
    `gone wrong    ${summary.bad} bad events, ${summary.lostAnswers} answers lost, ${summary.offlineRequests} requests without a network, ${summary.wrongClocks} wrong clocks, ${summary.oldVersions} old apps`,
  ];
  if (rows?.trouble !== undefined) lines.push(`rows could not be counted: ${rows.trouble}`);
  if (!addsUp(summary)) lines.push("IT DOES NOT ADD UP: this is a fault in the SDK or in the simulation");
  return `${lines.join("\n")}\n`;
}
