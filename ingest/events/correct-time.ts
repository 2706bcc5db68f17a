import { readTime } from "./read-time.ts";

/** What a request tells of its sender's clock. All times in milliseconds since 1970. */
export type SenderClock = {
  /** When the request was sent, by that clock. */
  readonly sentAt: number;
  /** What is to be added to that clock's times to get the server's: too much by the time that the request was on its way. */
  readonly skewMs: number;
  /** From the head of the request to its end, or to the piece of a stream that is looked at. */
  readonly transferMs: number;
  /** At most how much that is, together with how exactly `sentAt` is written. */
  readonly errorMs: number;
};

export type TimeLimits = {
  /** The longest that the head of a request is assumed to be on its way. */
  readonly assumedDelayMs: number;
  /** How far ahead of the server's clock a time is flagged. */
  readonly futureFlagMs: number;
  /** How old a time is flagged. */
  readonly pastFlagMs: number;
};

/** A clock that is not set may go wrong by so much; NTP assumes the same (RFC 5905, PHI: 15 parts in a million). */
const drift = 15e-6;
/** A time after that of sending by no more than this is a matter of the order in which an app reads its clock. */
const toleranceMs = 1_000;
const secondMs = 1_000;
/** A transfer that takes longer is not slow: it is a stream, whose events happen on the way. */
const slowestMs = 15_000;

/**
 * Reads a `sent-at` header: RFC 3339, or milliseconds since 1970. "invalid" when it is neither.
 *
 * A clock is compared with another by one message in one direction, so its delay cannot be told from skew. NTP halves a measured round trip
 * for its bound; here nothing is measured but the time from the request's head to its end. The delay of the head lies between nothing and
 * what is assumed, and a slow transfer makes a slow head credible: so the bound is their sum, and the true time lies before the corrected
 * one, not after.
 *
 * @param arrivedAt when the head of the request was there
 * @param receivedAt when all of it was there
 */
export function readSentAt(
  header: string | undefined,
  arrivedAt: number,
  receivedAt: number,
  { assumedDelayMs }: Pick<TimeLimits, "assumedDelayMs">,
): SenderClock | "invalid" | undefined {
  if (header === undefined) return undefined;
  const isNumber = /^\d{12,14}$/.test(header);
  const sentAt = isNumber ? Number(header) : readTime(header);
  if (sentAt === undefined) return "invalid";
  const transferMs = Math.max(0, receivedAt - arrivedAt);
  const errorMs = assumedDelayMs + Math.min(transferMs, slowestMs) + (isNumber ? 1 : roundingMs(header));
  return { sentAt, skewMs: arrivedAt - sentAt, transferMs, errorMs };
}

/**
 * The server's time for what happened at `occurredAt` of the sender's clock. Undefined for what happened after it was sent: that clock was
 * set back meanwhile, and what it said before tells nothing. Never after the end of the request.
 */
export function correctTime(occurredAt: number, { sentAt, skewMs, transferMs }: SenderClock): number | undefined {
  const last = sentAt + transferMs;
  return occurredAt > last + toleranceMs ? undefined : Math.min(occurredAt, last) + skewMs;
}

/**
 * By how much a corrected time may be wrong, in whole milliseconds.
 * @param time as the app wrote it: a text without a fraction says when only to the second
 */
export function timeErrorMs(time: string, occurredAt: number, clock: SenderClock): number {
  const late = Math.max(0, occurredAt - clock.sentAt - clock.transferMs);
  const apart = Math.abs(occurredAt - clock.sentAt);
  return Math.ceil(clock.errorMs + roundingMs(time) + late + apart * drift);
}

/** Whether a time is worth a second look. */
export function timeFlagOf(
  occurredAt: number,
  receivedAt: number,
  { futureFlagMs, pastFlagMs }: Pick<TimeLimits, "futureFlagMs" | "pastFlagMs">,
): "future" | "past" | undefined {
  if (occurredAt > receivedAt + futureFlagMs) return "future";
  return occurredAt < receivedAt - pastFlagMs ? "past" : undefined;
}

/** Where the fraction of a second begins in RFC 3339. */
const fractionAt = 19;

function roundingMs(time: string): number {
  return time[fractionAt] === "." ? 1 : secondMs;
}
