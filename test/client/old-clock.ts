import { type Clock, systemClock } from "../../client/index.ts";

/** A clock of some quarter of an hour of 2011, drawn anew for each test: all ids that are made by it begin with `prefix`, and no other test's do. */
export function oldClock(): { readonly clock: Clock; readonly prefix: string } {
  const span = 2 ** 20;
  const start = Math.floor((Date.parse("2011-01-01T00:00:00Z") + Math.random() * 3e10) / span) * span;
  const begun = Date.now();
  const prefix = start.toString(16).padStart(12, "0").slice(0, 7);
  return { clock: { ...systemClock, now: () => start + Date.now() - begun }, prefix: `${prefix.slice(0, 7)}` };
}
