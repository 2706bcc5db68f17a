import type { Lag } from "../../flow/shapes.ts";
import { figureText } from "./words.ts";

/** A number of records, or a dash where it is not known. @param isPart some of it is not known: the number is the least that it may be, and nought says nothing */
export function recordsText(records: number | null, isPart = false): string {
  return figureText({ value: isPart && records === 0 ? null : records, unit: "events", isLeast: isPart }).value;
}

/** How long the oldest record waits; nothing waits, or it is not known: a dash. */
export function waitText(seconds: number | null, isPart = false): string {
  if (seconds === null || seconds === 0) return "–";
  const { value, unit } = figureText({ value: seconds, unit: "seconds", isLeast: isPart });
  return unit === "" ? value : `${value} ${unit}`;
}

/** Of which partitions it is not known, one text for each reason. */
export function unknownTexts(unknown: Lag["unknown"]): readonly string[] {
  return [...Map.groupBy(unknown, ({ why }) => why)].map(([why, some]) => {
    const partitions = some.map(({ partition }) => partition).join(", ");
    return `partition${some.length === 1 ? "" : "s"} ${partitions} not known: ${why}`;
  });
}

export function rateText(perSecond: number | null): string {
  const { value, unit } = figureText({ value: perSecond, unit: "per-second" });
  return `${value}${unit}`;
}

/** Who is behind by this is marked; as on the first page. */
export const lagMark = (seconds: number | null) =>
  seconds === null || seconds < 10 ? undefined : seconds < 60 ? ("warning" as const) : ("fault" as const);
