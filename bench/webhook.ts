import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import type { ReadyLine } from "../local/index.ts";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { createEndpoint, disabledByHand, disableEndpoint, enableEndpoint } from "../sinks/webhook/index.ts";
import { createDatabase, type Database } from "../store/index.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import { envelope, postEvents, postProfiles, startPipeline } from "./pipeline.ts";
import { conditions, median, ratio } from "./rounds.ts";
import { type Receivers, startReceivers } from "./webhook-receivers.ts";

const seconds = 15;
/** 1,000 events a second, five of them alerts. */
const busy = { requestsPerSecond: 50, eventsPerRequest: 20, requestsPerAlert: 10, seconds: 60 } as const;
/** The same with an alert in each request. */
const alarmed = { ...busy, requestsPerAlert: 1, seconds } as const;
/** Alerts by themselves, each to fifty endpoints. */
const quiet = { requestsPerSecond: 5, eventsPerRequest: 1, requestsPerAlert: 1, seconds } as const;
const drivers = 5_000;
const endpoints = 50;
const bar = { p99_ms: 1_000 } as const;
/** After the last post so long is waited for what is on its way. */
const patienceMs = 30_000;

type Load = {
  readonly requestsPerSecond: number;
  readonly eventsPerRequest: number;
  readonly requestsPerAlert: number;
  readonly seconds: number;
};
type Figures = { readonly p50: number; readonly p99: number; readonly max: number; readonly messages: number };

/**
 * From the HTTP answer to the webhook at its receiver, which verifies it by the official library. First one endpoint under 1,000 events a second, five
 * of them calls for help, then fifty of them. Then fifty endpoints, in turn all well and one of them dead (it takes every message and never answers): what
 * counts is the delay at the other 49. There is no peer to set beside it; the limit is the promise.
 */
export async function run({ rounds, say }: BenchOptions): Promise<BenchResult> {
  const receivers = await startReceivers();
  const up = await startPipeline();
  const db = createDatabase({
    name: "bench",
    url: up.ready.postgres,
    log: silentLogger,
    metrics: createMetrics(),
    max: 2,
  });
  try {
    await db.start(() => undefined);
    const register = async (i: number, url: string) => {
      const { id, secret } = await createEndpoint(db, { url, name: `receiver ${i}` });
      receivers.setSecret(i, secret);
      return id;
    };
    await register(0, receivers.url(0));
    await postProfiles(up.ready, drivers);
    // Kafka and the processors compile themselves for a while.
    await measure(up.ready, receivers, { ...busy, seconds: 30 }, 1);
    const one: Figures[] = [];
    const many: Figures[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const load of [busy, alarmed]) {
        const figures = await measure(up.ready, receivers, load, 1);
        (load === busy ? one : many).push(figures);
        say(`round ${round} of ${rounds}: one endpoint, ${alertsPerSecond(load)} alerts a second, ${words(figures)}`);
      }
    }

    for (let i = 1; i < endpoints - 1; i++) await register(i, receivers.url(i));
    const last = await register(endpoints - 1, receivers.url(endpoints - 1));
    const dead = await register(endpoints, receivers.deadUrl);
    const among = async (hasDead: boolean) => {
      await disableEndpoint(db, hasDead ? last : dead, disabledByHand);
      await enableEndpoint(db, hasDead ? dead : last);
      return measure(up.ready, receivers, quiet, endpoints - 1);
    };
    await among(false);
    const well: Figures[] = [];
    const oneDead: Figures[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const hasDead of round % 2 === 1 ? [false, true] : [true, false]) {
        const figures = await among(hasDead);
        (hasDead ? oneDead : well).push(figures);
        say(`round ${round} of ${rounds}: fifty endpoints, ${hasDead ? "one dead" : "all well"}, ${words(figures)}`);
      }
    }
    const attempts = await attemptsAt(db, dead);
    const ours = {
      one_endpoint: medians(one),
      many_alerts: medians(many),
      fifty: { all_well: medians(well), one_dead: medians(oneDead) },
    };
    return {
      bench: "webhook",
      conditions: conditions({
        one_endpoint: {
          seconds: busy.seconds,
          events_per_second: busy.requestsPerSecond * busy.eventsPerRequest,
          alerts_per_second: alertsPerSecond(busy),
        },
        many_alerts: { seconds: alarmed.seconds, alerts_per_second: alertsPerSecond(alarmed) },
        fifty: {
          seconds: quiet.seconds,
          alerts_per_second: alertsPerSecond(quiet),
          deliveries_per_second: quiet.requestsPerSecond * endpoints,
        },
        attempts_at_the_dead: attempts,
        not_verified: receivers.refused(),
      }),
      ours,
      peer: null,
      limit: bar,
      ratio: {
        peer: null,
        limit: {
          p99: ratio(ours.one_endpoint.p99_ms, bar.p99_ms),
          p99_many_alerts: ratio(ours.many_alerts.p99_ms, bar.p99_ms),
          one_dead_to_all_well: {
            p50: ratio(ours.fifty.one_dead.p50_ms, ours.fifty.all_well.p50_ms),
            p99: ratio(ours.fifty.one_dead.p99_ms, ours.fifty.all_well.p99_ms),
          },
        },
      },
    };
  } finally {
    await db.stop();
    await up.stop();
    await receivers.stop();
  }
}

/** Posts for a while and gives the delays of the alerts at the receivers below `counted`, every one of which must come. */
async function measure(ready: ReadyLine, receivers: Receivers, load: Load, counted: number): Promise<Figures> {
  const delays: number[] = [];
  /** When the answer for an event had come; and, for those that are quicker than our own answer, when the alert had. */
  const posted = new Map<string, number>();
  const early = new Map<string, number[]>();
  receivers.onAlert = (receiver, eventId, at) => {
    if (receiver >= counted) return;
    const since = posted.get(eventId);
    if (since === undefined) early.set(eventId, [...(early.get(eventId) ?? []), at]);
    else delays.push(at - since);
  };
  const post = async (n: number) => {
    const id = uuidv7();
    const events = Array.from({ length: load.eventsPerRequest }, (_, i) => location(n * load.eventsPerRequest + i));
    const isAlert = n % load.requestsPerAlert === 0;
    await postEvents(ready, isAlert ? [sos(id, n), ...events.slice(1)] : events);
    if (!isAlert) return;
    const at = performance.now();
    posted.set(id, at);
    for (const arrived of early.get(id) ?? []) delays.push(Math.max(0, arrived - at));
    early.delete(id);
  };
  const began = performance.now();
  const posts: Promise<void>[] = [];
  while (performance.now() - began < load.seconds * 1_000) {
    const due = ((performance.now() - began) / 1_000) * load.requestsPerSecond;
    while (posts.length < due) posts.push(post(posts.length));
    await sleep(2);
  }
  await Promise.all(posts);
  const expected = Math.ceil(posts.length / load.requestsPerAlert) * counted;
  for (const until = performance.now() + patienceMs; delays.length < expected; await sleep(10)) {
    if (performance.now() > until) throw new Error(`${expected - delays.length} of ${expected} messages did not come`);
  }
  delays.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99), max: at(1), messages: delays.length };
}

const alertsPerSecond = (load: Load) => load.requestsPerSecond / load.requestsPerAlert;
const words = ({ p50, p99, max, messages }: Figures) => `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms of ${messages}`;

function medians(runs: readonly Figures[]) {
  return { p50_ms: median(runs.map(({ p50 }) => p50)), p99_ms: median(runs.map(({ p99 }) => p99)), runs };
}

/** That the dead one was tried, and kept attempts open, is part of what is shown. */
async function attemptsAt(db: Database, dead: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    "select count(*)::int as n from webhook.attempts join webhook.deliveries using (delivery_id) where endpoint_id = $1",
    [dead],
  );
  return row?.n ?? 0;
}

function sos(id: string, n: number) {
  const data = {
    sos_id: `sos_${id}`,
    person_id: `rdr_${n}`,
    reported_by: "rider",
    trip_id: null,
    latitude: 40.7484,
    longitude: -73.9857,
    note: null,
  };
  return { ...envelope("safety.sos", id, `rdr_${n}`), data };
}

function location(n: number) {
  const driver = `drv_${n % drivers}`;
  const data = {
    driver_id: driver,
    latitude: 40.7 + (n % 100) / 1_000,
    longitude: -73.9,
    speed: 8.5,
    heading_degrees: 90,
  };
  return { ...envelope("driver.location", uuidv7(), driver), data };
}
