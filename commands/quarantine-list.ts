import { z } from "zod";
import { countEntries, type Entry, findEntry, listEntries } from "../sinks/quarantine/index.ts";
import { checked } from "./keys-part.ts";
import { filterOf, filterShape, withFilters } from "./quarantine-filters.ts";
import type { AddQuarantinePart } from "./quarantine-part.ts";
import { describeCounts, describeEntry, shortId, times } from "./quarantine-words.ts";

const shape = filterShape.extend({
  limit: z.coerce.number().int().min(1).max(1_000),
  before: z.string().optional(),
});

/** `hailstream quarantine list`. */
export function addList(part: AddQuarantinePart): void {
  part(
    "list",
    "Lists what is in quarantine, the newest first, and counts it by reason.",
    async (tools) => {
      const { db, tell, say, wanted } = tools;
      const { limit, before, ...given } = checked(shape, wanted);
      const filter = filterOf(given);
      const place = before === undefined ? undefined : (await findEntry(db, before)).quarantine_id;
      // One more than is shown tells whether there is a next page. In one snapshot, or what comes meanwhile is counted and not listed.
      const { found, counts } = await db.transaction(
        async (tx) => ({
          found: await listEntries(tx, filter, limit + 1, place),
          counts: await countEntries(tx, filter),
        }),
        { snapshot: true },
      );
      const entries: readonly Entry[] = found.slice(0, limit);
      const total = counts.reduce((sum, { count }) => sum + count, 0);
      const next = found.length > limit ? entries.at(-1)?.quarantine_id : undefined;
      tell({ total, counts, entries, next }, () => [
        ...(place === undefined ? [...describeCounts(counts), ""] : []),
        ...entries.map(describeEntry),
      ]);
      if (wanted.json === true) return;
      say(`${times(total, "event")}${entries.length < total ? `, ${entries.length} of them shown` : ""}.`);
      if (next !== undefined) say(`The next page: --before ${shortId(next)}`);
    },
    {
      own: (command) =>
        withFilters(command)
          .option("--limit <n>", "the most on one page", "50")
          .option("--before <id>", "the page behind the one that ends with this entry"),
    },
  );
}
