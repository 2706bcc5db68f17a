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
import { createDatabase } from "../../store/index.ts";
import { greenHeader, greenRow, tripFile } from "./fixtures.ts";

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

describe("replay into a whole pipeline", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "hailstream-replay-"));
  let up: ChildProcess;
  let postgres = "";

  beforeAll(async () => {
    const portBase = await findFreePortBase();
    up = hailstream(["up", "--no-demo", "--json", "--data-dir", dataDir, "--port-base", String(portBase)]);
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

  /** All rows of all events in the database, whoever sent them. */
  async function rowsInDatabase(): Promise<number> {
    const database = createDatabase({
      name: "test",
      url: postgres,
      log: silentLogger,
      metrics: createMetrics(),
      max: 1,
    });
    await database.start(() => undefined);
    try {
      const tables = await database.query<{ name: string }>(
        "select tablename as name from pg_tables where schemaname = 'events' order by 1",
      );
      let rows = 0;
      for (const { name } of tables.filter((table) => !derived.has(table.name))) {
        const [found] = await database.query<{ n: number }>(`select count(*)::int as n from events."${name}"`);
        rows += found?.n ?? 0;
      }
      return rows;
    } finally {
      await database.stop();
    }
  }

  test("an invented file: each event is one row, a second replay adds none, dirty rows are named", async () => {
    const file = tripFile([
      greenHeader,
      greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00" }),
      greenRow({ pickup: "2015-01-05 10:00:00", dropoff: "2015-01-05 10:10:00" }),
      greenRow({ pickup: "2015-01-05 10:05:00", dropoff: "2015-01-05 10:20:00", flag: "Y" }),
      greenRow({ pickup: "2015-01-05 10:05:00", longitude: 0 }),
    ]);
    const first = await replay(file);
    expect(first.summary).toMatchObject({
      trips: 3,
      rejected: 0,
      problems: { pickup_position_missing: { rows: 1, lines: [5] } },
    });
    expect(first.summary.accepted).toBe(first.summary.sent);
    expect(first.summary.rows).toBe(first.summary.sent);
    expect(first.code).toBe(0);
    expect(await rowsInDatabase()).toBe(first.summary.sent);

    const second = await replay(file);
    expect(second.summary).toMatchObject({ sent: first.summary.sent, rows: first.summary.sent });
    expect(await rowsInDatabase()).toBe(first.summary.sent);
  });

  test("January's real trips: rows equal distinct events, exactly, and a second replay adds none", async ({ skip }) => {
    if (!existsSync(realFile))
      skip("the file with real trips is not there (../shared/data/nyc-green-trips-2015-01.csv)");
    const before = await rowsInDatabase();
    const first = await replay(realFile);
    expect(first.summary).toMatchObject({ trips: 7_172, rejected: 0, rejections: [] });
    expect(first.summary.accepted).toBe(first.summary.sent);
    expect(first.summary.rows).toBe(first.summary.sent);
    // The reference data is the same in both files.
    const after = await rowsInDatabase();
    expect(after).toBe(before + first.summary.sent - 201);
    const second = await replay(realFile);
    expect(second.summary).toMatchObject({ sent: first.summary.sent, rows: first.summary.sent });
    expect(await rowsInDatabase()).toBe(after);
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

function hailstream(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["main.ts", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  // A full pipe would stop the child.
  child.stderr.resume();
  return child;
}
