/**
 * How processors of the local stack differ from those in production, as variables that anything given by the user overrides: where three weeks of trips are
 * replayed in a minute, positions come days of event time behind the events of their trip, which must still be remembered then.
 */
export const localStreamVariables: Readonly<Record<string, string>> = {
  HAILSTREAM_STREAM_TRIP_KEEP_MS: String(30 * 24 * 3_600_000),
};
