import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFreePortBase } from "../../local/index.ts";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { loadCatalogue } from "../../schemas/index.ts";
import { createDatabase, type Database } from "../../store/index.ts";
import { eventually } from "../support/wait.ts";
import { greenHeader, greenRow, tripFiles } from "./fixtures.ts";
import { expectedTrips, inOrder, toldTrips, wrongPaths } from "./recompute-trips.ts";

const tripFile = tripFiles();

const root = fileURLToPath(new URL("../..", import.meta.url));
const realFile = fileURLToPath(new URL("../../../shared/data/nyc-green-trips-2015-01.csv", import.meta.url));

type Summary = {
  readonly trips: number;
  readonly sent: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly rows: number;
  readonly rejections: readonly unknown[];
};

/** Tables of what the pipeline makes, not of what an app sends. */
const derived = new Set(
  [...loadCatalogue().types.values()].flatMap(({ kind, name }) =>
    kind === "derived" ? [name.replaceAll(".", "_")] : [],
  ),
);

/** The last trips wait for the clock, which is not what is tested here. */
const hurry = {
  ...{ HAILSTREAM_STREAM_LATENESS_MS: "5000", HAILSTREAM_STREAM_IDLE_MS: "5000" },
  HAILSTREAM_STREAM_TRIP_SETTLE_MS: "5000",
};

/** A quarter of the positions: all trips, in half of the time. */
const sparse = ["--location-interval-seconds", "60"];

describe("replay into a whole pipeline", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "hailstream-replay-"));
  let up: ChildProcess;
  let postgres = "";
  const invented = tripFile([
    greenHeader,
    greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00" }),
    greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00" }),
    greenRow({ pickup: "2015-01-05 10:05:00", dropoff: "2015-01-05 10:20:00", flag: "Y" }),
    greenRow({ pickup: "2015-01-05 10:05:00", longitude: 0 }),
  ]);

  beforeAll(async () => {
    const portBase = await findFreePortBase();
    up = hailstream(["up", "--no-demo", "--json", "--data-dir", dataDir, "--port-base", String(portBase)], hurry);
    const ended = once(up, "exit").then(([code]) => Promise.reject(new Error(`up ended with ${code}`)));
    const line = once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    const [text] = (await Promise.race([line, ended])) as [string];
    ended.catch(() => undefined);
    postgres = JSON.parse(text).postgres;
  });

  afterAll(async () => {
    if (up?.exitCode === null) {
      up.kill("SIGTERM");
      await once(up, "exit");
    }
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Replays a file; gives the summary and the exit code. */
  async function replay(file: string, ...more: string[]): Promise<{ summary: Summary; code: number }> {
    const child = hailstream(["replay", file, "--speed", "0", "--json", "--data-dir", dataDir, ...more]);
    const lines: string[] = [];
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
    const [code] = (await once(child, "close")) as [number];
    return { summary: JSON.parse(lines.at(-1) ?? "{}"), code };
  }

  async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const common = { log: silentLogger, metrics: createMetrics() };
    const database = createDatabase({ name: "test", url: postgres, ...common, max: 1, statementTimeoutMs: 120_000 });
    await database.start(() => undefined);
    try {
      return await work(database);
    } finally {
      await database.stop();
    }
  }

  /** All rows of all events in the database, whoever sent them. */
  function rowsInDatabase(): Promise<number> {
    return withDatabase(async (database) => {
      const tables = await database.query<{ name: string }>(
        "select tablename as name from pg_tables where schemaname = 'events' order by 1",
      );
      let rows = 0;
      for (const { name } of tables.filter((table) => !derived.has(table.name))) {
        const [found] = await database.query<{ n: number }>(`select count(*)::int as n from events."${name}"`);
        rows += found?.n ?? 0;
      }
      return rows;
    });
  }

  test("an invented file: each event is one row, a second replay adds none, dirty rows are named", async () => {
    const first = await replay(invented);
    expect(first.summary).toMatchObject({
      trips: 3,
      rejected: 0,
      problems: { pickup_position_missing: { rows: 1, lines: [5] } },
    });
    expect(first.summary.accepted).toBe(first.summary.sent);
    expect(first.summary.rows).toBe(first.summary.sent);
    expect(first.code).toBe(0);
    expect(await rowsInDatabase()).toBe(first.summary.sent);

    const second = await replay(invented);
    expect(second.summary).toMatchObject({ sent: first.summary.sent, rows: first.summary.sent });
    expect(await rowsInDatabase()).toBe(first.summary.sent);
  });

  test("January's real trips: rows equal distinct events, exactly, and a second replay adds none", async ({ skip }) => {
    if (!existsSync(realFile))
      skip("the file with real trips is not there (../shared/data/nyc-green-trips-2015-01.csv)");
    const before = await rowsInDatabase();
    const first = await replay(realFile, ...sparse);
    expect(first.summary).toMatchObject({ trips: 7_172, rejected: 0, rejections: [] });
    expect(first.summary.accepted).toBe(first.summary.sent);
    expect(first.summary.rows).toBe(first.summary.sent);
    // The reference data is the same in both files.
    const after = await rowsInDatabase();
    expect(after).toBe(before + first.summary.sent - 201);
    const second = await replay(realFile, ...sparse);
    expect(second.summary).toMatchObject({ sent: first.summary.sent, rows: first.summary.sent });
    expect(await rowsInDatabase()).toBe(after);
  });

  test("each of January's trips is told as its row in the file says, also those of more than a day and those sent late", async ({
    skip,
  }) => {
    if (!existsSync(realFile)) skip("the file with real trips is not there");
    const expected = expectedTrips(invented, realFile).filter(({ travelSeconds }) => !Number.isNaN(travelSeconds));
    expect(expected).toHaveLength(7_175);
    await withDatabase(async (database) => {
      // The newest account is complete when the last position and the last rating have been counted.
      const ratings = "select count(distinct (trip_id, rated_by))::int as n from events.trip_rated";
      const counted = "select count(rider_rating)::int + count(driver_rating)::int as n from events.trip_latest";
      await eventually(
        async () => {
          expect(await toldTrips(database)).toHaveLength(expected.length);
          expect(await database.query(counted)).toEqual(await database.query(ratings));
          expect((await wrongPaths(database)).slice(0, 5)).toEqual([]);
        },
        { timeoutMs: 400_000, everyMs: 2_000 },
      );
      const told = (await toldTrips(database))
        .map((row) => ({
          ...row,
          ...{ startedMs: row.started_at?.getTime() ?? Number.NaN, travelSeconds: row.travel_seconds },
          ...{ metres: row.distance, cents: Number(row.fare_amount) },
        }))
        .sort(inOrder);
      for (const [i, trip] of expected.entries()) {
        const row = told[i];
        expect(row).toMatchObject({
          ...{ status: "completed", missing: [], startedMs: trip.startedMs, travelSeconds: trip.travelSeconds },
          ...{ cents: trip.cents, stored_and_forwarded: trip.storedAndForwarded },
        });
        // The file's miles, to a tenth of a metre; the made-up way is a bow of at most 1.11 times the straight line.
        expect(Math.abs((row?.metres ?? Number.NaN) - trip.metres)).toBeLessThanOrEqual(0.051);
        if (trip.travelSeconds === 0) continue;
        expect(row?.path_distance).toBeGreaterThanOrEqual(trip.straightMetres - 1);
        expect(row?.path_distance).toBeLessThanOrEqual(1.12 * trip.straightMetres + 1);
      }
      expect(expected.filter(({ travelSeconds }) => travelSeconds > 86_000).length).toBeGreaterThan(0);
      expect(expected.filter(({ storedAndForwarded }) => storedAndForwarded).length).toBeGreaterThan(10);
    });
  });

  test("all of it, rebuilt from Kafka beside the live processor, comes to the same; then the live one goes on from there", async ({
    skip,
  }) => {
    if (!existsSync(realFile)) skip("the file with real trips is not there");
    const args = ["reprocess", "--processor", "fold-trips", "--from", "2020-01-01T00:00:00Z", "--data-dir", dataDir];
    const child = hailstream([...args, "--switch", "--json"], hurry);
    const lines: string[] = [];
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({
      ...{ processor: "fold-trips", equal: 7_175, changed: 0, missing: 0, extra: 0, switched: true, corrected: 0 },
    });
    const more = tripFile([greenHeader, greenRow({ pickup: "2015-01-25 10:00:00", dropoff: "2015-01-25 10:10:00" })]);
    await replay(more);
    await withDatabase((database) =>
      eventually(async () => expect(await toldTrips(database)).toHaveLength(7_176), { timeoutMs: 240_000 }),
    );
  });

  test("a wrong key is refused at once, with the option that sets it", async () => {
    const child = hailstream(["replay", tripFile([greenHeader]), "--data-dir", dataDir, "--api-key", "wrong"]);
    let words = "";
    child.stderr?.on("data", (chunk) => {
      words += chunk;
    });
    const [code] = await once(child, "close");
    expect(words).toMatch(/--api-key.*apps_request_refused/s);
    expect(code).toBe(1);
  });
});

function hailstream(args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
  const env = { ...process.env, ...more };
  const child = spawn(process.execPath, ["main.ts", ...args], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  // A full pipe would stop the child.
  child.stderr.resume();
  return child;
}
