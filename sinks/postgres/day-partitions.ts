import type { Database } from "../../store/index.ts";

const dayMs = 86_400_000;
const minutesOfDay = 1_440;

/** The day since 1970 (UTC) that a minute since 1970 lies in. */
export const dayOf = (minute: number): number => Math.floor(minute / minutesOfDay);

/** 2009-01-01: before there was an app to ask for a ride with. */
const firstDay = Math.floor(Date.UTC(2009, 0, 1) / dayMs);

export type DayPartitions = {
  /** Makes sure that the days (since 1970, UTC) have their partitions, before the transaction that needs them. */
  ensure(table: string, days: Iterable<number>): Promise<void>;
};

/**
 * Partitions are made on demand by a function of the database that belongs to the owner, and remembered here. A day outside of
 * the window goes to the default partition without asking; which days those are changes with the clock. In a dry run all days that are not there do.
 */
export function createDayPartitions(db: Database, dryRun = false): DayPartitions {
  if (dryRun) return { ensure: async () => undefined };
  const present = new Map<string, Set<number>>();
  return {
    async ensure(table, days) {
      let known = present.get(table);
      if (known === undefined) {
        known = new Set();
        present.set(table, known);
      }
      const lastDay = Math.floor(Date.now() / dayMs) + 2;
      for (const day of days) {
        if (known.has(day) || day < firstDay || day > lastDay) continue;
        const date = new Date(day * dayMs).toISOString().slice(0, 10);
        await db.query("select pipeline.ensure_day_partition($1, $2::date)", [table, date]);
        known.add(day);
      }
    },
  };
}
