import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { latLngToCell } from "h3-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playFile } from "../../apps/fixtures.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { type CityEvent, minute } from "./invented-city.ts";
import { createMarketplace, type Marketplace } from "./marketplace-pipeline.ts";

const realFile =
  process.env.HAILSTREAM_TEST_TRIPS_FILE ??
  fileURLToPath(new URL("../../../../shared/data/nyc-green-trips-2015-01.csv", import.meta.url));
/** All 7,172 of the file by `HAILSTREAM_TEST_TRIPS`; the suite is content with fewer. */
const trips = Number(process.env.HAILSTREAM_TEST_TRIPS ?? 800);

let marketplace: Marketplace;
beforeAll(async () => {
  marketplace = await createMarketplace("real_trips", { latenessMs: minute, idleMs: 60_000 });
});
afterAll(() => marketplace.stop());

/** What the enriching processor adds; all pick-ups of the file lie in one city. */
function enriched(data: Readonly<Record<string, unknown>>): CityEvent["data"] {
  const { latitude, longitude } = data;
  if (typeof latitude !== "number" || typeof longitude !== "number") return data;
  return { ...data, city_id: "cty_nyc", h3_cell: latLngToCell(latitude, longitude, 8) };
}

test(`${trips} real trips give the minutes that SQL finds in the event tables`, async ({ skip }) => {
  if (!existsSync(realFile)) skip("the file with real trips is not there (../shared/data/nyc-green-trips-2015-01.csv)");
  const { played } = await playFile(realFile, { drivers: 100, locationIntervalMs: 120_000 });
  const all = played
    .map(({ keyed: { key, event } }): CityEvent => {
      const { id, type, time, data } = event;
      return { id, type, timeMs: Date.parse(time), key, data: enriched(data as CityEvent["data"]) };
    })
    .filter(({ type }) => type.startsWith("trip.") || type === "driver.location");
  const known = [...new Set(all.filter(({ type }) => type === "trip.requested").map(({ data }) => data.trip_id))];
  const chosen = new Set(known.slice(0, trips));
  const events = all.filter(({ data }) => chosen.has(data.trip_id)).sort((a, b) => a.timeMs - b.timeMs);
  expect(chosen.size).toBe(trips);

  const { db, pipeline, write, letTimePass, writeNeighbours, expectNoDifference } = marketplace;
  await writeNeighbours(events);
  await write(events);
  await letTimePass((events.at(-1)?.timeMs ?? 0) + 60 * minute);
  await whileRunning(await pipeline(), () =>
    eventually(async () => expect(await expectNoDifference()).toBeGreaterThan(trips), {
      timeoutMs: 120_000,
      everyMs: 500,
    }),
  );
  const [row] = await db.owner.query<{ requests: number; pickups: number }>(
    "select sum(requests)::int as requests, sum(pickups)::int as pickups from events.marketplace_minute where resolution is null",
  );
  expect(row).toEqual({ requests: trips, pickups: trips });
});
