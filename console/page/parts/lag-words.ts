import { countText, figureText } from "./words.ts";

/** A number of records, or a dash where it is not known. */
export const recordsText = (records: number | null) => (records === null ? "–" : countText(records));

/** How long the oldest record waits; nothing waits: a dash. */
export function waitText(seconds: number | null): string {
  if (seconds === null || seconds === 0) return "–";
  const { value, unit } = figureText({ value: seconds, unit: "seconds" });
  return unit === "" ? value : `${value} ${unit}`;
}

export function rateText(perSecond: number | null): string {
  const { value, unit } = figureText({ value: perSecond, unit: "per-second" });
  return `${value}${unit}`;
}

/** Who is behind by this is marked; as on the first page. */
export const lagMark = (seconds: number | null) =>
  seconds === null || seconds < 10 ? undefined : seconds < 60 ? ("warning" as const) : ("fault" as const);
