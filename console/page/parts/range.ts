import type { Zone } from "./words.ts";

/** Spans that end now, in milliseconds. */
export const lasts = {
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
} as const;
export type Last = keyof typeof lasts;
export const lastWords: Readonly<Record<Last, string>> = {
  ...{ "15m": "the last 15 minutes", "1h": "the last hour", "6h": "the last 6 hours", "24h": "the last day" },
  "7d": "the last 7 days",
};

/** What an address says behind its question mark. */
type Values = { get(name: string): string | undefined };

export type Range = {
  /** For the server: `last` in milliseconds, or `from` and `to` in RFC 3339. The same span that ends now is the same question at any time. */
  readonly asked: Record<string, string>;
  /** Whole minutes. */
  readonly from: number;
  readonly to: number;
  /** It ends now, so it moves on. */
  readonly isOpen: boolean;
};

const minuteMs = 60_000;

/** The span of time that an address names: `last=1h`, which moves on, or `from` and `to` in RFC 3339. */
export function rangeOf(query: Values, standard: Last = "24h", now = Date.now()): Range {
  const [given, until] = [Date.parse(query.get("from") ?? ""), Date.parse(query.get("to") ?? "")];
  const isOpen = Number.isNaN(until) && Number.isNaN(given);
  const span = lasts[lastOf(query, standard)];
  const to = Math.ceil((Number.isNaN(until) ? now : until) / minuteMs) * minuteMs;
  const from = Number.isNaN(given) ? to - span : Math.floor(given / minuteMs) * minuteMs;
  const asked: Record<string, string> = isOpen ? { last: String(span) } : fixedOf(from, to);
  return { asked, from, to, isOpen };
}

/** Such a span as the address names it. */
export const fixedOf = (from: number, to: number) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});

/** Which of the spans that end now an address names. */
export function lastOf(query: Values, standard: Last): Last {
  const given = query.get("last") ?? "";
  return given in lasts ? (given as Last) : standard;
}

/** What a field for date and time holds, in the zone of the page. */
export function momentOf(text: string, zone: Zone): number | undefined {
  const at = Date.parse(zone === "utc" ? `${text}Z` : text);
  return Number.isNaN(at) ? undefined : at;
}
