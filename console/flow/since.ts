import type { Found } from "./findings.ts";
import type { DatedFinding } from "./shapes.ts";

/**
 * Remembers when each finding came. One that is there at the first look began at some time before; for a later one the first look that had it is right to
 * some seconds. A finding that knows its own beginning keeps it.
 */
export function createSince(): (found: readonly Found[], at: number) => readonly DatedFinding[] {
  let known: ReadonlyMap<string, Pick<DatedFinding, "since" | "sinceIs">> | undefined;
  return (found, at) => {
    const sinceIs = known === undefined ? "latest" : "exact";
    const dated = found.map((finding): DatedFinding => {
      const { since, ...rest } = finding;
      if (since !== undefined) return { ...rest, since, sinceIs: "exact" };
      return { ...rest, ...(known?.get(finding.key) ?? { since: at, sinceIs }) };
    });
    known = new Map(dated.map(({ key, since, sinceIs: is }) => [key, { since, sinceIs: is }]));
    return dated;
  };
}
