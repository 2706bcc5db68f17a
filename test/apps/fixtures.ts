import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { AppEvent, KeyedEvent } from "../../apps/event.ts";
import { type Play, type Played, type PlayOptions, playTrips } from "../../apps/trips/play-trips.ts";
import { readTrips } from "../../apps/trips/read-trips.ts";
import type { TripRow } from "../../apps/trips/trip.ts";

/**
 * Writes an invented trip file into a directory of its own and gives its path. To be called at the top of a file of tests, behind whose last one all of them are removed: this
 * module is loaded once for many files, so a hook of its own would be that of the first of them.
 */
export function tripFiles(): (lines: readonly string[], name?: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "hailstream-trips-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (lines, name = "trips.csv") => {
    const file = join(mkdtempSync(join(folder, "file-")), name);
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  };
}

export const greenHeader =
  "VendorID,lpep_pickup_datetime,Lpep_dropoff_datetime,Store_and_fwd_flag,Pickup_longitude,Pickup_latitude," +
  "Dropoff_longitude,Dropoff_latitude,Passenger_count,Trip_distance,Total_amount";

/** An invented green-taxi row. */
export function greenRow(p: {
  pickup: string;
  dropoff?: string;
  flag?: string;
  longitude?: number;
  total?: string;
}): string {
  const longitude = p.longitude ?? -73.95;
  return `2,${p.pickup},${p.dropoff ?? ""},${p.flag ?? "N"},${longitude},40.7,${longitude + 0.02},40.72,1,1.5,${p.total ?? "9.8"}`;
}

export async function rowsOf(file: string, timeZone = "America/New_York", limit?: number): Promise<TripRow[]> {
  return await collect(readTrips({ file, timeZone, limit }));
}

export async function playFile(
  file: string,
  options: Partial<PlayOptions> = {},
): Promise<{ played: Played[]; counts: Play["counts"] }> {
  const play = playTrips(readTrips({ file, timeZone: "America/New_York" }), {
    drivers: 3,
    locationIntervalMs: 15_000,
    maxLocations: 240,
    ...options,
  });
  const played = (await collect(play.events)).flat();
  return { played, counts: play.counts };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const eventsOf = (played: readonly Played[]): AppEvent[] => played.map(({ keyed }) => keyed.event);

export function someEvent(key: string, number: number): KeyedEvent {
  const event: AppEvent = {
    specversion: "1.0",
    id: `${key}-${number}`,
    type: "driver.status",
    source: "/apps/driver/android/7.4.0",
    time: new Date(number).toISOString(),
    data: { number },
  };
  return { key, timeMs: number, event };
}
