import { z } from "zod";

/** `*` for every event type, `trip.*` for all that begin with `trip.`, or the name of one type. */
export const scope = z
  .string()
  .max(100)
  .regex(
    /^(?:\*|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?:\.\*)?)$/,
    'expected an event type, a pattern such as "trip.*", or "*"',
  );

export const scopes = z.array(scope).max(100);

/** Whether some scope holds an event type. */
export function permit(given: readonly string[]): (type: string) => boolean {
  if (given.includes("*")) return () => true;
  const names = new Set(given.filter((one) => !one.endsWith(".*")));
  const beginnings = given.filter((one) => one.endsWith(".*")).map((one) => one.slice(0, -1));
  return (type) => {
    if (names.has(type)) return true;
    for (const beginning of beginnings) if (type.startsWith(beginning)) return true;
    return false;
  };
}
