import type { DocGroup, DocLine } from "./shapes.ts";

/** What belongs together, in the order in which it is shown; a name that ends with a slash stands for all below it. */
const groups: Readonly<Record<string, readonly string[]>> = {
  Start: ["", "guides/"],
  "Send events": [
    ...["http-api", "events", "formats", "sdk", "codegen", "micro", "simulate"],
    ...["identity", "time", "duplicates", "spool", "quarantine"],
  ],
  Process: ["enrichment", "driver-state", "windows", "trips", "marketplace", "diagnostics", "reprocess"],
  "Tables and files": [
    ...["analytics", "questions", "connectors", "connector-keys", "bad-records", "dead-letters"],
    ...["replay-topic", "storage", "lake"],
  ],
  Alerts: ["alerts", "webhooks"],
  Operate: ["console", "commands", "options", "errors", "metrics", "audit", "trace", "faults", "performance"],
  About: ["comparison", "design", "contributing", "changelog", "examples/"],
  Decisions: ["adr/"],
};

/** Pages in their groups. One that no group names is under "More", so a new page is there at once. */
export function groupPages(pages: readonly DocLine[]): readonly DocGroup[] {
  const left = new Set([...pages].sort((a, b) => (a.address < b.address ? -1 : 1)));
  const taken = Object.entries(groups).map(([name, members]) => ({
    name,
    pages: members.flatMap((member) => {
      const fits = [...left].filter(({ address }) =>
        member.endsWith("/") ? address.startsWith(member) : address === member,
      );
      for (const page of fits) left.delete(page);
      return fits;
    }),
  }));
  return [...taken, { name: "More", pages: [...left] }].filter((group) => group.pages.length > 0);
}
