import { readFileSync } from "node:fs";
import type { Queryable } from "../../store/index.ts";

/** What a trip must come to, read from its row by other means than the replay's. */
export type ExpectedTrip = {
  readonly startedMs: number;
  readonly travelSeconds: number;
  readonly metres: number;
  readonly cents: number;
  readonly storedAndForwarded: boolean;
  /** As the crow flies, from pickup to drop-off. */
  readonly straightMetres: number;
};

const radians = Math.PI / 180;

/** Trips of January in New York, when its clocks are five hours behind UTC. Every row of the file must have all values. */
export function expectedTrips(...files: readonly string[]): ExpectedTrip[] {
  const rows = files.flatMap((file) => readFileSync(file, "utf8").trim().split("\n").slice(1));
  return rows
    .map((row) => {
      const [, pickup, dropoff, flag, fromEast, fromNorth, toEast, toNorth, , miles, dollars] = row.trim().split(",");
      const [from, to] = [pickup, dropoff].map((text) => Date.parse(`${text?.replace(" ", "T")}-05:00`)) as [
        number,
        number,
      ];
      return {
        startedMs: from,
        travelSeconds: (to - from) / 1_000,
        metres: Number(miles) * 1_609.344,
        cents: Math.round(Number(dollars) * 100),
        storedAndForwarded: flag === "Y",
        straightMetres: haversine(Number(fromNorth), Number(fromEast), Number(toNorth), Number(toEast)),
      };
    })
    .sort(inOrder);
}

function haversine(north1: number, east1: number, north2: number, east2: number): number {
  const a =
    Math.sin(((north2 - north1) * radians) / 2) ** 2 +
    Math.cos(north1 * radians) * Math.cos(north2 * radians) * Math.sin(((east2 - east1) * radians) / 2) ** 2;
  return 2 * 6_371_007 * Math.asin(Math.sqrt(a));
}

type Key = Pick<ExpectedTrip, "startedMs" | "travelSeconds" | "metres" | "cents">;
export function inOrder(a: Key, b: Key): number {
  const apart = Math.abs(a.metres - b.metres) > 0.1 ? a.metres - b.metres : 0;
  return a.startedMs - b.startedMs || a.travelSeconds - b.travelSeconds || a.cents - b.cents || apart;
}

export type ToldRow = {
  readonly trip_id: string;
  readonly status: string;
  readonly missing: readonly string[];
  readonly started_at: Date;
  readonly travel_seconds: number;
  readonly distance: number;
  readonly fare_amount: bigint;
  readonly stored_and_forwarded: boolean;
  readonly path_distance: number | null;
  readonly path_positions: number;
};

export const toldTrips = (db: Queryable): Promise<ToldRow[]> => db.query<ToldRow>("select * from events.trip_latest");

/**
 * Trips whose path is not what the positions in the tables come to: start, positions in the order of time, end; great-circle arcs. Expected empty.
 */
export function wrongPaths(db: Queryable): Promise<{ trip_id: string; told: number | null; recomputed: number }[]> {
  return db.query(`
    with places as (
      select l.trip_id, l.occurred_at as at, 1 as rank, l.latitude, l.longitude
        from events.driver_location l join events.trip_latest t on t.trip_id = l.trip_id
       where l.driver_id = t.driver_id and l.occurred_at between t.started_at and t.completed_at
      union all select trip_id, occurred_at, 0, latitude, longitude from events.trip_started
      union all select trip_id, occurred_at, 2, latitude, longitude from events.trip_completed where latitude is not null
    ), steps as (
      select trip_id, latitude as b, longitude as d, lag(latitude) over w as a, lag(longitude) over w as c
        from places window w as (partition by trip_id order by at, rank, latitude, longitude)
    ), ways as (
      select trip_id, sum(2 * 6371007.18 * asin(sqrt(sin(radians(b - a) / 2) ^ 2
               + cos(radians(a)) * cos(radians(b)) * sin(radians(d - c) / 2) ^ 2))) as metres
        from steps where a is not null group by trip_id
    )
    select t.trip_id, t.path_distance as told, w.metres as recomputed
      from events.trip_latest t join ways w on w.trip_id = t.trip_id
     where t.path_distance is null or abs(t.path_distance - w.metres) > 0.1 + w.metres * 1e-6`);
}
