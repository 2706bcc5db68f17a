const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const minuteMs = 60_000;

/** Where "2026-11-22T21:11:41" has its digits' neighbours, and what stands there. */
const separators = [
  [4, "-"],
  [7, "-"],
  [10, "T"],
  [13, ":"],
  [16, ":"],
] as const;
const secondsEnd = 19;

/**
 * Milliseconds since 1970 of an RFC 3339 time, or undefined when `text` is none. Stricter than Date.parse, which turns
 * 30 February into 2 March; and stricter than the RFC in what readers behind us cannot take: upper-case T and Z, no leap
 * second, at most nine digits of a second, an offset of at most 14 hours (the largest in use; Postgres refuses 16).
 *
 * By hand, since a pattern and Date.parse together cost as much as parsing the whole event.
 */
export function readTime(text: string): number | undefined {
  if (text.length < secondsEnd + 1 || text.length > secondsEnd + 16) return undefined;
  for (const [at, separator] of separators) if (text[at] !== separator) return undefined;
  const year = number(text, 0, 4);
  const month = number(text, 5, 7);
  const day = number(text, 8, 10);
  const hour = number(text, 11, 13);
  const minute = number(text, 14, 16);
  const second = number(text, 17, 19);
  // NaN, from anything that is no digit, fails each of these comparisons.
  const isDate = year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  const isTime = hour <= 23 && minute <= 59 && second <= 59;
  if (!isDate || !isTime) return undefined;

  let at = secondsEnd;
  let ms = 0;
  if (text[at] === ".") {
    const end = digitsEnd(text, at + 1);
    const digits = end - at - 1;
    if (digits < 1 || digits > 9) return undefined;
    ms = Math.floor(number(text, at + 1, end) * 10 ** (3 - digits));
    at = end;
  }
  const offset = readOffset(text, at);
  return offset === undefined ? undefined : Date.UTC(year, month - 1, day, hour, minute, second, ms) - offset;
}

function daysIn(year: number, month: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeapYear ? 29 : (daysOfMonth[month - 1] ?? 0);
}

/** Milliseconds of "Z", "+01:00" or "-05:00" at the end of the text. */
function readOffset(text: string, at: number): number | undefined {
  const sign = text[at];
  if (sign === "Z") return text.length === at + 1 ? 0 : undefined;
  if ((sign !== "+" && sign !== "-") || text.length !== at + 6 || text[at + 3] !== ":") return undefined;
  const hours = number(text, at + 1, at + 3);
  const minutes = number(text, at + 4, at + 6);
  if (!(hours <= 14 && minutes <= 59)) return undefined;
  return (sign === "+" ? 1 : -1) * (hours * 60 + minutes) * minuteMs;
}

/** The digits from `from` up to `to` as a number; NaN when one of them is none. */
function number(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  return at;
}
