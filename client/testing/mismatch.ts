import { differencesOf, differenceText, partOf, short } from "./difference.ts";
import { type AnyEvent, type BadEvent, type Page, reasonText } from "./events.ts";
import type { Wanted } from "./wanted.ts";

/** So many events, or differences, are written out. */
export const maxListed = 10;

/** The events were not as they were wanted. Test libraries show how `actual` differs from `expected`. */
export class MicroMismatch extends Error {
  override readonly name = "MicroMismatch";
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, actual?: unknown, expected?: unknown) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

/** The words for events that did not come: what was nearest, what was bad, and what else was good. */
export function mismatch(
  group: "good" | "bad",
  wanted: Wanted,
  found: readonly AnyEvent[],
  page: Page<AnyEvent>,
  timeoutMs: number,
): MicroMismatch {
  const { count = 1, timeoutMs: _timeoutMs, ...filter } = wanted;
  const lines = [
    `Expected ${count} ${group} ${count === 1 ? "event" : "events"} with ${short(filter)} within ${timeoutMs} ms, got ${found.length}.`,
  ];
  const expected = { ...filter };
  const others = page.events.filter(({ sequence }) => !found.some((event) => event.sequence === sequence));
  const [nearest] = others
    .map((event) => ({ event, seen: factsOf(event), differences: differencesOf(expected, factsOf(event)) }))
    .filter(({ event }) => (group === "good") === (event.status === "accepted"))
    .sort(
      (a, b) =>
        Number(a.seen.type !== filter.type) - Number(b.seen.type !== filter.type) ||
        a.differences.length - b.differences.length,
    );
  if (nearest !== undefined) {
    lines.push("", `Nearest is ${nearest.event.type} ${nearest.event.id}:`);
    lines.push(...nearest.differences.slice(0, maxListed).map((difference) => `  ${differenceText(difference)}`));
  }
  if (group === "good" && page.bad > 0) lines.push("", "Bad events:", badLines(page.events, page.bad));
  lines.push(
    "",
    `Good: ${countsByType(page.events, "accepted")}. Duplicate: ${page.duplicate}. To be sent again: ${page.retry}.`,
  );
  if (page.dropped > 0) lines.push(`${page.dropped} older ones are not kept any more (--micro-max-kept-events).`);
  return new MicroMismatch(
    lines.join("\n"),
    nearest === undefined ? undefined : partOf(expected, nearest.seen),
    expected,
  );
}

/** What a filter may ask of an event. */
function factsOf({ id, type, status, code, event, stored }: AnyEvent) {
  return { id, type, status, code, subject: event?.subject, key: stored?.key, data: event?.data };
}

/** What is wrong with the first of so many bad events, a line each. */
export function badLines(events: readonly AnyEvent[], count: number): string {
  const bad = events.filter((event): event is BadEvent =>
    ["rejected", "quarantined", "refused"].includes(event.status),
  );
  const lines = bad.slice(0, maxListed).map((event) => `  ${reasonText(event)}`);
  return [...lines, ...(count > lines.length ? [`  … and ${count - lines.length} more`] : [])].join("\n");
}

/** `3 trip.rated, 1 driver.status` */
function countsByType(events: readonly AnyEvent[], status: AnyEvent["status"]): string {
  const counts = new Map<string, number>();
  for (const event of events) {
    if (event.status === status) counts.set(event.type ?? "", (counts.get(event.type ?? "") ?? 0) + 1);
  }
  return [...counts].map(([type, count]) => `${count} ${type}`).join(", ") || "none";
}
