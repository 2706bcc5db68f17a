import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFreePortBase } from "../local/index.ts";
import { readReadme } from "./support/readme.ts";
import { eventually } from "./support/wait.ts";

const root = resolve(import.meta.dirname, "..");
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-readme-"));
const { text, blocks, blockWith } = readReadme(root);

/** A data directory and ports of our own; the commands themselves stay as they are written. */
const env: NodeJS.ProcessEnv = {
  ...process.env,
  HAILSTREAM_LOCAL_DATA_DIR: dataDir,
  HAILSTREAM_LOCAL_PORT_BASE: String(await findFreePortBase()),
};
const webhookPort = await freePort();
const variables = blockWith("hailstream env").split("\n")[0] as string;

let start: ChildProcess | undefined;
let printed = "";

/** Runs a block of the README with bash, after the block that sets the variables. */
function run(block: string): string {
  const script = `set -e\n${variables}\n${block.replaceAll("9400", String(webhookPort))}`;
  const result = spawnSync("bash", ["-c", script], { cwd: root, env, encoding: "utf8", timeout: 300_000 });
  expect(result.status, result.stderr).toBe(0);
  return result.stdout;
}

beforeAll(async () => {
  start = spawn("bash", ["-c", `exec ${blockWith("npm start")}`], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const keep = (data: Buffer) => {
    printed += data.toString();
  };
  start.stdout?.on("data", keep);
  start.stderr?.on("data", keep);
  await eventually(() => expect(printed).toContain("hailstream is ready"), { timeoutMs: 280_000 });
}, 300_000);

afterAll(async () => {
  if (start?.pid !== undefined && start.exitCode === null) {
    const ended = new Promise((finish) => start?.once("close", finish));
    process.kill(-start.pid, "SIGINT");
    await ended;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

describe("the README", () => {
  test("has the blocks that this test runs, and no others", () => {
    expect(blocks.map((block) => block.split("\n")[0])).toEqual([
      "npm start",
      "npm test",
      'eval "$(npx hailstream env)"',
      'psql "$DATABASE_URL" -c "',
      expect.stringContaining("export WEBHOOK_SECRET="),
      "npx hailstream replay trips.csv --speed 0",
    ]);
  });

  test("names only files that exist", () => {
    const links = [...text.matchAll(/\]\((?!http)([^)#]+)/g)].map((match) => match[1] as string);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });

  test("first event: the curl is answered accepted, and the psql finds the row", async () => {
    expect(JSON.parse(run(blockWith("my-first-event")))).toMatchObject({
      accepted: 1,
      results: [{ status: "accepted" }],
    });
    await eventually(() =>
      expect(run(blockWith("from analytics.fct_driver_locations"))).toMatch(/my-first-event \|.*\| [0-9a-f]{32} \|/),
    );
  });

  test("first webhook: the receiver prints the alert", async () => {
    // The receiver keeps running behind the block, so the block must not wait for its output. Its group is ended, since npx ends without its child.
    const block = `set -m\n${blockWith("WEBHOOK_SECRET").replace(
      /receiver\.ts 9400 &/,
      `receiver.ts 9400 > ${dataDir}/receiver.log 2>&1 & echo $! > ${dataDir}/receiver.pid`,
    )}`;
    try {
      expect(run(block)).toContain('"accepted"');
      const log = () => readFileSync(join(dataDir, "receiver.log"), "utf8");
      await eventually(() => expect(log()).toMatch(/emergency button/));
    } finally {
      process.kill(-Number(readFileSync(join(dataDir, "receiver.pid"), "utf8")));
    }
  });

  test("real trips: the replay counts what it sent as rows", () => {
    const csv = join(dataDir, "trips.csv");
    spawnSync("bash", ["-c", `cat > ${csv}`], { input: twoTrips });
    const printedByReplay = run(blockWith("hailstream replay").replace("trips.csv", `${csv} --json`));
    const summary = JSON.parse(printedByReplay.trim().split("\n").at(-1) as string) as Record<string, number>;
    expect(summary).toMatchObject({ trips: 2, rejected: 0 });
    expect(summary.rows).toBe(summary.sent);
  });

  test("the commands it names in passing answer", () => {
    for (const command of ["status", "doctor", "schemas list", "schemas example trip.requested --json"]) {
      run(`npx hailstream ${command}`);
    }
    for (const command of ["ingest", "stream", "sinks", "down"]) run(`npx hailstream ${command} --help`);
  });
});

/** Invented trips in the columns of the TLC. */
const twoTrips = `VendorID,lpep_pickup_datetime,Lpep_dropoff_datetime,Store_and_fwd_flag,Pickup_longitude,Pickup_latitude,Dropoff_longitude,Dropoff_latitude,Passenger_count,Trip_distance,Total_amount
2,2015-03-01 10:00:00,2015-03-01 10:09:00,N,-73.95,40.68,-73.94,40.69,1,1.5,9.5
1,2015-03-01 10:02:00,2015-03-01 10:20:00,Y,-73.87,40.75,-73.90,40.74,2,2.25,13.0
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === "object" && address !== null ? address.port : 0;
}
