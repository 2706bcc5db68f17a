import { createHash } from "node:crypto";
import type { Queryable } from "../../store/index.ts";

type Row = Readonly<Record<string, unknown>>;
/** Events as they lie in the tables, and what is needed to tell a pseudonym. */
type Events = Readonly<Record<(typeof tables)[number], readonly Row[]>> & { readonly secret: string };

const tables = [
  "city",
  "driver_profile",
  "vehicle_profile",
  "trip",
  "driver_location",
  "marketplace_minute",
  "payment_failed",
  "app_error",
  "rider_session",
  "driver_hour",
  "alert",
] as const;

/** Reads all events as the owner, with ids and everything. */
export async function readEvents(owner: Queryable): Promise<Events> {
  const rows = await Promise.all(tables.map((table) => owner.query<Row>(`select * from events.${table}`)));
  const [secret] = await owner.query<{ secret: string }>("select secret from pipeline.pseudonyms");
  return { ...Object.fromEntries(tables.map((table, i) => [table, rows[i]])), secret: secret?.secret } as Events;
}

const dayMs = 86_400_000;
const number = (value: unknown): number => Number(value);
const at = (row: Row, column = "occurred_at"): number => (row[column] as Date).getTime();
const hour = (ms: number): number => new Date(ms).getUTCHours();
const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const sum = (rows: readonly Row[], column: string): number =>
  rows.reduce((total, row) => total + number(row[column] ?? 0), 0);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const rounded = (value: number, digits = 1): number => Math.round(value * 10 ** digits + 1e-9) / 10 ** digits;

/** The rows that are not older than `days` before today began in UTC. */
function since(days: number, rows: readonly Row[]): readonly Row[] {
  const from = Math.floor(Date.now() / dayMs) * dayMs - days * dayMs;
  return rows.filter((row) => at(row) >= from);
}

function newest(rows: readonly Row[], key: string, order: (row: Row) => number): ReadonlyMap<unknown, Row> {
  const found = new Map<unknown, Row>();
  for (const row of rows) {
    const known = found.get(row[key]);
    if (known === undefined || order(row) > order(known)) found.set(row[key], row);
  }
  return found;
}

function groups(rows: readonly Row[], key: (row: Row) => readonly unknown[]): readonly [readonly unknown[], Row[]][] {
  const found = new Map<string, [readonly unknown[], Row[]]>();
  for (const row of rows) {
    const values = key(row);
    const group = found.get(JSON.stringify(values)) ?? [values, []];
    group[1].push(row);
    found.set(JSON.stringify(values), group);
  }
  return [...found.values()];
}

/** As percentile_cont: between the two values where the share falls. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  return low + ((sorted[Math.ceil(place)] ?? low) - low) * (place - Math.floor(place));
}

/** What the ten questions should be answered, computed from the events row by row; the order of rows does not count. */
export function answersOf(events: Events): readonly (readonly unknown[])[][] {
  const key = (id: unknown) => createHash("sha256").update(`${events.secret}${id}`).digest("hex").slice(0, 32);
  const trips = [...newest(events.trip, "trip_id", (row) => number(row.revision)).values()];
  const cities = newest(events.city, "city_id", at);
  const drivers = newest(events.driver_profile, "driver_id", at);
  const vehicles = newest(events.vehicle_profile, "vehicle_id", at);
  const recent = since(30, trips);
  const completed = (row: Row) => row.status === "completed";

  const perDay = groups(
    recent.filter((row) => row.status !== "stuck"),
    (row) => [cities.get(row.city_id)?.name, date(at(row))],
  ).map(([group, rows]) => [
    ...group,
    rows.length,
    rounded((100 * rows.filter(completed).length) / rows.length),
    sum(rows, "fare_amount") / 100,
    "USD",
  ]);

  const waits = groups(since(7, trips).filter(completed), (row) => [hour(at(row))]).map(([group, rows]) => {
    const seconds = rows.map((row) => number(row.waiting_seconds));
    return [...group, rows.length, percentile(seconds, 0.5), percentile(seconds, 0.9)];
  });

  const cancels = groups(
    recent.filter((row) => row.status === "cancelled"),
    (row) => [row.cancelled_by, row.cancel_reason ?? "not said"],
  ).map(([group, rows]) => [
    ...group,
    rows.length,
    mean(rows.map((row) => at(row, "cancelled_at") - at(row, "requested_at"))) / 60_000,
  ]);

  const rated = recent.filter((row) => row.rider_rating !== null && drivers.get(row.driver_id)?.active === true);
  const disliked = groups(rated, (row) => [row.driver_id])
    .filter(([, rows]) => rows.length >= 5)
    .map(([[id], rows]) => [
      key(id),
      drivers.get(id)?.home_city_id,
      rows.length,
      mean(rows.map((row) => number(row.rider_rating))),
    ]);

  const unmet = groups(
    since(30, events.marketplace_minute).filter((row) => row.resolution === 8),
    (row) => [row.city_id, row.h3_cell],
  )
    .map(([group, rows]) => [
      ...group,
      sum(rows, "requests"),
      sum(rows, "unmet_demand"),
      Math.max(...rows.map((row) => number(row.surge_multiplier))),
    ])
    .filter((row) => number(row[3]) > 0);

  const isFirst = (row: Row) => row.attempt === 1;
  const attempts = (rows: readonly Row[]) =>
    [rows.filter(isFirst).length, rows.filter((row) => row.attempt === 2).length] as const;
  const payments = groups(since(30, events.payment_failed), (row) => [row.method, row.failure_code]).map(
    ([group, rows]) => [
      ...group,
      ...attempts(rows),
      rounded((100 * attempts(rows)[1]) / attempts(rows)[0]),
      sum(rows.filter(isFirst), "amount") / 100,
      "USD",
    ],
  );

  const crashes = since(30, events.app_error).filter((row) => row.app === "rider" && row.fatal === true);
  const releases = groups(since(30, events.rider_session), (row) => [row.app_version]).flatMap(([[version], rows]) => {
    const count = crashes.filter((row) => row.app_version === version).length;
    return count === 0 ? [] : [[version, rows.length, count, (1_000 * count) / rows.length]];
  });

  const classOf = (row: Row) => vehicles.get(drivers.get(row.driver_id)?.vehicle_id)?.vehicle_class;
  const hours = since(30, events.driver_hour).filter(
    (row) => number(row.online_seconds) > 0 && classOf(row) !== undefined,
  );
  const used = groups(hours, (row) => [drivers.get(row.driver_id)?.home_city_id, classOf(row)]).map(([group, rows]) => [
    ...group,
    new Set(rows.map((row) => row.driver_id)).size,
    sum(rows, "online_seconds") / 3_600,
    sum(rows, "on_trip_seconds") / sum(rows, "online_seconds"),
  ]);

  const driving = since(30, events.driver_location).filter((row) => row.trip_id !== null && number(row.speed) > 1);
  const traffic = groups(driving, (row) => [row.city_id, hour(at(row))]).map(([group, rows]) => [
    ...group,
    rounded(mean(rows.map((row) => number(row.speed))) * 3.6),
    rows.length,
  ]);

  const calls = groups(
    since(30, events.alert).filter((row) => row.rule === "safety-sos" && row.status === "firing"),
    (row) => [hour(at(row))],
  ).map(([[of], rows]) => {
    const driven = recent.filter((row) => hour(at(row)) === of).length;
    return [of, rows.length, driven, (10_000 * rows.length) / driven];
  });

  return [perDay, waits, cancels, disliked, unmet, payments, releases, used, traffic, calls];
}
