import type { Figure } from "../../flow/shapes.ts";

/** In which zone times are shown. */
export type Zone = "utc" | "local";

/** 2026-11-27 00:04:05, with milliseconds where asked; the zone is said once, in the head of the page. */
export function timeText(at: number, zone: Zone, milliseconds = false): string {
  const date = new Date(at);
  if (!Number.isFinite(date.getTime())) return "unknown";
  const shifted = zone === "utc" ? date : new Date(at - date.getTimezoneOffset() * 60_000);
  return shifted
    .toISOString()
    .slice(0, milliseconds ? 23 : 19)
    .replace("T", " ");
}

/** A sentence in which each moment (2026-11-27T00:04:05.120Z) stands as it is shown elsewhere in the page. */
export function withTimes(sentence: string, zone: Zone): string {
  return sentence.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (moment, fraction?: string) =>
    timeText(Date.parse(moment), zone, fraction !== undefined),
  );
}

/** Only the time of the day for a moment of today. */
export function shortTimeText(at: number, zone: Zone, now = Date.now()): string {
  const [text, today] = [timeText(at, zone), timeText(now, zone)];
  return text.slice(0, 10) === today.slice(0, 10) ? text.slice(11) : text;
}

/** A span in the two largest units that say something: 4 s, 2 min 10 s, 3 h 5 min, 12 d. */
export function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joined(hours, "h", minutes % 60, "min");
  return `${Math.floor(hours / 24)} d`;
}

const joined = (large: number, unit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const countText = (count: number) => whole.format(count);

type FigureText = { readonly value: string; readonly unit: string };

/** A figure's value and unit; a dash where it is not known. */
export function figureText({ value, unit, isLeast }: Pick<Figure, "value" | "unit" | "isLeast">): FigureText {
  if (value === null) return { value: "–", unit: "" };
  const text = knownText(value, unit);
  return isLeast === true ? { ...text, value: `≥ ${text.value}` } : text;
}

function knownText(value: number, unit: Figure["unit"]): FigureText {
  switch (unit) {
    case "per-second":
      return { value: value > 0 && value < 10 ? tenth.format(value) : whole.format(value), unit: "/s" };
    case "milliseconds":
      return { value: whole.format(value), unit: "ms" };
    case "seconds":
      if (value === 0) return { value: "0", unit: "s" };
      if (value < 1) return { value: whole.format(value * 1_000), unit: "ms" };
      return value < 120 ? { value: tenth.format(value), unit: "s" } : { value: spanText(value * 1_000), unit: "" };
    default:
      return { value: whole.format(value), unit: "" };
  }
}

/** What the first page says in one line. */
export function verdictText(faults: number, warnings: number, unknown: readonly string[]): string {
  if (faults + warnings > 0) {
    const parts = [
      ...(faults > 0 ? [`${countText(faults)} fault${faults === 1 ? "" : "s"}`] : []),
      ...(warnings > 0 ? [`${countText(warnings)} warning${warnings === 1 ? "" : "s"}`] : []),
    ];
    return parts.join(", ");
  }
  return unknown.length > 0 ? `Looking: no answer yet from ${unknown.join(", ")}` : "Everything is all right";
}
