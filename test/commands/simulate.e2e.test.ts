import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SimulationSummary } from "../../commands/simulate-summary.ts";
import { findFreePortBase, type ReadyLine } from "../../local/index.ts";
import { loadCatalogue } from "../../schemas/index.ts";
import { runAsOwner } from "../../store/index.ts";
import { liveKey } from "../console/pages/refused-world.ts";
import { eventually } from "../support/wait.ts";

const program = resolve(import.meta.dirname, "../../main.ts");
const dataDir = mkdtempSync(join(tmpdir(), "hailstream-simulate-"));
/** What apps send; everything else is made of it by the pipeline. */
const sentTables = [...loadCatalogue().types.values()].flatMap(({ kind, name }) =>
  kind === "derived" ? [] : [name.replaceAll(".", "_")],
);

let up: ChildProcess;
let ready: ReadyLine;

beforeAll(async () => {
  const place = ["--data-dir", dataDir, "--port-base", String(await findFreePortBase())];
  up = spawn(process.execPath, [program, "up", "--json", "--no-demo", ...place], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let line = "";
  up.stdout?.on("data", (data: Buffer) => {
    line += data;
  });
  await eventually(() => line.includes("\n"), { timeoutMs: 500_000 });
  ready = JSON.parse(line) as ReadyLine;
});

afterAll(async () => {
  if (up?.exitCode === null) {
    const ended = once(up, "close");
    up.kill("SIGTERM");
    await ended;
  }
  rmSync(dataDir, { recursive: true, force: true });
});

/** Runs it against the stack; gives its summary and its exit code. */
async function simulate(...words: readonly string[]) {
  const args = [program, "simulate", "--data-dir", dataDir, "--json", "--flush-interval-ms", "200", ...words];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  const [out, said] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await closed) as [number];
  return { code, said, summary: JSON.parse(out) as SimulationSummary };
}

/** All events that are stored, by what the phones do to them, and what is in quarantine. */
async function stored() {
  const rows = sentTables.map((name) => `select event_id, source, occurred_at, time_corrected from events."${name}"`);
  let found: Record<string, number> = {};
  await runAsOwner(ready.postgres, async (query) => {
    const [counts = {}] = await query<Record<string, number>>(
      `select count(*)::int as rows, count(distinct event_id)::int as ids,
              count(*) filter (where source like '%/5.0.0')::int as old,
              count(*) filter (where abs(extract(epoch from occurred_at - time_corrected)) > 50)::int as shifted,
              count(*) filter (where time_corrected not between now() - interval '10 minutes' and now() + interval '10 seconds')::int as wrong,
              (select count(*)::int from quarantine.events) as quarantined
         from (${rows.join(" union all ")}) as event`,
    );
    found = counts;
  });
  return found;
}

const sumOf = ({ accepted, rejected, dropped, unanswered }: SimulationSummary) =>
  accepted + rejected + unanswered + Object.values(dropped).reduce((sum, count) => sum + count, 0);

test("phones without a network, with wrong clocks, old apps, repetitions and bad events: all adds up with what is in Postgres", async () => {
  const shares = { offline: 0.4, "wrong-clock": 0.3, "old-version": 0.3, "lost-answer": 0.3, bad: 0.05 };
  const faults = Object.entries(shares).flatMap(([name, share]) => [`--${name}-share`, String(share)]);
  const size = ["--drivers", "30", "--rate", "100", "--duration-seconds", "6", "--seed", "7"];
  const key = await liveKey({ ready, dataDir });

  const { code, said, summary } = await simulate(...size, ...faults, "--api-key", key);
  expect({ code, ok: summary.ok, sum: sumOf(summary) }, said).toEqual({ code: 0, ok: true, sum: summary.sent });
  // Everything happened that was asked for, and an app in the field hears of no rejection for what is kept.
  for (const name of ["duplicates", "retried", "lostAnswers", "wrongClocks", "oldVersions", "quarantined"] as const) {
    expect(summary[name], name).toBeGreaterThan(0);
  }
  expect(summary).toMatchObject({ unanswered: 0, dropped: {}, rejected: 0, quarantined: summary.bad });
  expect(summary.stored).toBe(summary.accepted - summary.quarantined);
  const first = await eventually(async () => {
    const now = await stored();
    expect(now).toMatchObject({ rows: summary.stored, ids: summary.stored, quarantined: summary.quarantined });
    return now;
  });
  expect(first).toMatchObject({ wrong: 0, old: expect.any(Number), shifted: expect.any(Number) });
  expect(Math.min(first.old ?? 0, first.shifted ?? 0)).toBeGreaterThan(0);

  // The same phones again, by a developer's key: who is at hand hears of each bad event, and none is kept.
  const again = await simulate(...size, ...faults);
  expect({ code: again.code, sum: sumOf(again.summary) }, again.said).toEqual({ code: 0, sum: again.summary.sent });
  expect(again.summary).toMatchObject({ quarantined: 0, rejected: again.summary.bad, stored: again.summary.accepted });
  const rows = (summary.stored ?? 0) + again.summary.accepted;
  expect(await stored()).toMatchObject({ rows, ids: rows, quarantined: summary.quarantined });
});
