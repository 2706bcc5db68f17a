import { afterAll, beforeAll, expect, test } from "vitest";
import { shuffleWithin } from "../../support/shuffle-within.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { inventCity, minute, start } from "./invented-city.ts";
import { createMarketplace, type Marketplace } from "./marketplace-pipeline.ts";

const latenessMs = 30_000;
let marketplace: Marketplace;
beforeAll(async () => {
  // Idle only after longer than the test pauses between its parts: event time stands still there.
  marketplace = await createMarketplace("marketplace", { latenessMs, idleMs: 600_000 });
});
afterAll(() => marketplace.stop());

test("every row of the marketplace equals the recompute in SQL over the event tables, whatever the order and however often events came", async () => {
  const { db, pipeline, write, letTimePass, writeNeighbours, expectNoDifference } = marketplace;
  const minutes = 12;
  const events = inventCity(7, { drivers: 60, trips: 500, minutes });
  const arrivals = shuffleWithin(events, latenessMs, 11);
  await writeNeighbours(events);

  // The first part lies in the topics before anybody reads; the rest comes after a restart in between.
  const cut = Math.floor(arrivals.length * 0.6);
  await write(arrivals.slice(0, cut));
  await whileRunning(await pipeline(), () =>
    eventually(async () => {
      const [row] = await db.owner.query<{ n: number }>(
        "select count(*)::int as n from pipeline.state where consumer like '%count-cells'",
      );
      expect(row?.n).toBeGreaterThan(6);
    }),
  );
  await write(arrivals.slice(cut));
  await letTimePass(start + (minutes + 30) * minute);
  await whileRunning(await pipeline(), () =>
    eventually(async () => expect(await expectNoDifference()).toBeGreaterThan(300), {
      timeoutMs: 120_000,
      everyMs: 250,
    }),
  );
  const [what] = await db.owner.query<Record<string, number>>(
    `select sum(open_drivers)::int as open, sum(requests)::int as requests, sum(completed)::int as completed, sum(cancelled)::int as cancelled,
       sum(unmet_demand)::int as unmet, sum(pickups)::int as pickups, count(*) filter (where surge_multiplier > 1)::int as surging
     from events.marketplace_minute where resolution is null`,
  );
  for (const [name, sum] of Object.entries(what ?? {})) expect(sum, name).toBeGreaterThan(5);
});
