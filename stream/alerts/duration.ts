const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** What a duration in a rule looks like; for messages. */
export const durationForm = "a duration such as 30s, 5m, 2h or 1d";

/** `5m` in milliseconds; undefined when the text is no duration. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = pattern.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Math.round(Number(count) * unitMs[unit as keyof typeof unitMs]);
}
