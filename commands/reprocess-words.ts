import type { Difference, ReprocessReport, ReprocessVerdict } from "../stream/index.ts";

/** What the comparison found, for people. */
export function describeVerdict({ equal, changed, missing, extra, examples }: ReprocessVerdict): string {
  const counts = `${equal} results are equal, ${changed} differ, ${missing} are missing, ${extra} are too many.`;
  return `${[counts, ...examples.map(describeDifference)].join("\n")}\n`;
}

function describeDifference({ kind, subject, live, rebuilt }: Difference): string {
  if (kind === "missing") return `  missing  ${subject}: ${shortly(rebuilt)}`;
  if (kind === "extra") return `  extra    ${subject}: ${shortly(live)}`;
  return `  changed  ${subject}: ${shortly(live)} becomes ${shortly(rebuilt)}`;
}

const longest = 300;

function shortly(data: unknown): string {
  const text = JSON.stringify(data) ?? "";
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/** How it ended, for people. */
export function describeReport({ read, switched, corrected, extra }: ReprocessReport): string {
  if (!switched) return `${read} records were read again; the live processor is as it was.\n`;
  const left = extra > 0 ? ` ${extra} results that it would not have told stay where they are.` : "";
  return `${read} records were read again; the live processor goes on from the rebuilt memory, and ${corrected} results were told anew.${left}\n`;
}
