import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import type { ReadyLine } from "../local/index.ts";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { createDatabase, type Database } from "../store/index.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import { envelope, postEvents, postProfiles, startPipeline } from "./pipeline.ts";
import { conditions, median } from "./rounds.ts";

const rate = 2_000;
const seconds = 20;
const batch = 20;
const drivers = 5_000;
/** Every so many events one is followed to its row; the poll would be the load if it were all of them. */
const followEach = 20;
const pollMs = 10;
const bars = { p50_ms: 300, p99_ms: 1_000 } as const;

/**
 * From the HTTP answer to the row that an analyst sees, through enrichment, at 2,000 events a second. There is no peer to set
 * beside it; the limit is the promise.
 */
export async function run({ rounds, say }: BenchOptions): Promise<BenchResult> {
  const up = await startPipeline();
  const db = createDatabase({
    name: "bench",
    url: up.ready.analyst,
    log: silentLogger,
    metrics: createMetrics(),
    max: 2,
  });
  try {
    await db.start(() => undefined);
    await postProfiles(up.ready, drivers);
    await measure(up.ready, db, 5);
    const runs: { p50: number; p99: number; max: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const delays = (await measure(up.ready, db, seconds)).sort((a, b) => a - b);
      const at = (share: number) =>
        Math.round(delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN);
      runs.push({ p50: at(0.5), p99: at(0.99), max: at(1) });
      say(
        `round ${round} of ${rounds}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms of ${delays.length} events followed`,
      );
    }
    const ours = { p50_ms: median(runs.map((r) => r.p50)), p99_ms: median(runs.map((r) => r.p99)), runs };
    return {
      bench: "end-to-end",
      conditions: conditions({ events_per_second: rate, seconds, batch, followed: 1 / followEach, poll_ms: pollMs }),
      ours,
      peer: null,
      limit: bars,
      ratio: { peer: null, limit: { p50: round2(ours.p50_ms / bars.p50_ms), p99: round2(ours.p99_ms / bars.p99_ms) } },
    };
  } finally {
    await db.stop();
    await up.stop();
  }
}

const round2 = (value: number) => Math.round(value * 100) / 100;

/** Posts at the fixed rate for a while and gives the delays in ms of the events that were followed. */
async function measure(ready: ReadyLine, db: Database, forSeconds: number): Promise<number[]> {
  const pending = new Map<string, number>();
  const delays: number[] = [];
  let posting = true;

  const watch = async () => {
    while (posting || pending.size > 0) {
      const ids = [...pending.keys()];
      if (ids.length > 0) {
        const rows = await db.query<{ event_id: string }>(
          "select event_id from events.driver_location where event_id = any($1)",
          [ids],
        );
        const now = performance.now();
        for (const { event_id } of rows) {
          delays.push(now - (pending.get(event_id) ?? now));
          pending.delete(event_id);
        }
      }
      await sleep(pollMs);
    }
  };
  const watching = watch();

  const begin = performance.now();
  const posts: Promise<void>[] = [];
  let sent = 0;
  while (performance.now() - begin < forSeconds * 1_000) {
    const due = ((performance.now() - begin) / 1_000) * rate;
    while (sent < due) {
      const ids = Array.from({ length: batch }, () => uuidv7());
      posts.push(post(ready, ids, sent).then(() => remember(ids)));
      sent += batch;
    }
    await sleep(2);
  }
  await Promise.all(posts);
  posting = false;
  await watching;
  return delays;

  function remember(ids: readonly string[]): void {
    const answered = performance.now();
    for (let i = 0; i < ids.length; i += followEach) pending.set(ids[i] as string, answered);
  }
}

async function post(ready: ReadyLine, ids: readonly string[], from: number): Promise<void> {
  const events = ids.map((id, i) => {
    const driver = `drv_${(from + i) % drivers}`;
    const data = {
      driver_id: driver,
      latitude: 40.7 + ((from + i) % 100) / 1_000,
      longitude: -73.9,
      speed: 8.5,
      heading_degrees: 90,
    };
    return { ...envelope("driver.location", id, driver), data };
  });
  await postEvents(ready, events);
}
