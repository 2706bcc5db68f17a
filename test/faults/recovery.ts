import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../apps/random.ts";
import { topicEnds } from "../../kafka/index.ts";
import { eventually } from "../support/wait.ts";
import type { Apps } from "./apps.ts";
import type { Cluster } from "./cluster.ts";
import { checkpointsOf, type Place, storedTopics } from "./gather.ts";
import { inject, type Victims } from "./inject.ts";
import { p95Of } from "./percentile.ts";
import { brokers, type Process, services, stores } from "./plan.ts";
import { onStage, type StageOptions } from "./stage.ts";

/** What one kill -9 cost. */
export type Recovery = {
  readonly target: Process;
  /** Until the first row of an event that reached the sinks' topics after the kill. */
  readonly firstRowMs: number;
  /** Until every partition that had traffic had such a row. */
  readonly allPartitionsMs: number;
  /** Events that had been left lying by then, besides what is on its way at any moment. */
  readonly backlog: number;
  /** How fast it caught up from then on, against what came in meanwhile; undefined where too little had been left lying. */
  readonly catchUp?: number;
};

const pollMs = 100;
const timeoutMs = 90_000;
const calmSeconds = 2;
/**
 * Less than this many seconds of traffic is no backlog that a rate could be measured on: a second of it is on its way at any moment, and as little as that counts as
 * caught up.
 */
const leastBacklogSeconds = 3;

/** Kills one process after the other while the apps send, each when the one before it is forgotten, and measures what that costs. */
export async function measureRecovery(
  targets: readonly Process[],
  victims: Victims,
  place: Place,
  p: {
    readonly eventsPerSecond: number;
    /** After so long no further process is killed. */
    readonly minutes: number;
    readonly abort: AbortSignal;
    say(line: string): void;
  },
): Promise<readonly Recovery[]> {
  const found: Recovery[] = [];
  const until = performance.now() + p.minutes * 60_000;
  for (const target of targets) {
    if (performance.now() > until) break;
    p.abort.throwIfAborted();
    await caughtUp(place, victims, p.eventsPerSecond);
    const recovery = await measureOne(target, victims, place, p.eventsPerSecond);
    p.say(
      `kill -9 ${target}: first row ${recovery.firstRowMs} ms, all partitions ${recovery.allPartitionsMs} ms, ${recovery.backlog} events left lying, catch-up ${recovery.catchUp?.toFixed(1) ?? "-"}`,
    );
    found.push(recovery);
  }
  return found;
}

async function measureOne(target: Process, victims: Victims, place: Place, eventsPerSecond: number): Promise<Recovery> {
  const { cluster, apps } = victims;
  await ready(cluster, target);
  const before = await endsOf(place);
  const stored = await checkpointsOf(place.postgres);
  const ahead = apps.accepted - sum(stored);
  const killed = await inject({ kind: "kill -9", target, atMs: 0, forMs: 0 }, victims);
  if (!killed.done) throw new Error(`${target} could not be killed: ${killed.note}`);
  const began = performance.now();
  const passed = () => performance.now() - began;
  let firstRowMs: number | undefined;
  const late = new Set([...before.keys()].filter((partition) => busyTopics.includes(partition.split("/")[0] ?? "")));
  /** The last look before every partition went on: from there it catches up. */
  let resumed: Look = { at: began, accepted: apps.accepted, stored: sum(stored) };
  let look = resumed;
  while (late.size > 0) {
    resumed = look;
    const now = await checkpointsOf(place.postgres).catch(() => undefined);
    if (now !== undefined) look = { at: performance.now(), accepted: apps.accepted, stored: sum(now) };
    for (const [partition, offset] of now ?? []) {
      if (offset <= (before.get(partition) ?? Number.POSITIVE_INFINITY)) continue;
      firstRowMs ??= passed();
      late.delete(partition);
    }
    if (passed() > timeoutMs) throw new Error(`${target}: no new row in ${[...late].join(", ")}`);
    await sleep(pollMs);
  }
  const allPartitionsMs = passed();
  const catchUp = await catchUpRate(place, apps, ahead, resumed, eventsPerSecond);
  return {
    ...{ target, firstRowMs: Math.round(firstRowMs ?? 0), allPartitionsMs: Math.round(allPartitionsMs) },
    backlog: resumed.accepted - resumed.stored - ahead,
    ...(catchUp === undefined ? {} : { catchUp }),
  };
}

type Look = { readonly at: number; readonly accepted: number; readonly stored: number };

/**
 * Events stored a second from when it went on until no more waits than before the kill, against those that came in.
 * @param ahead what was accepted and not stored before the kill, and what was counted otherwise
 */
async function catchUpRate(
  place: Place,
  apps: Apps,
  ahead: number,
  from: Look,
  perSecond: number,
): Promise<number | undefined> {
  if (from.accepted - from.stored - ahead < leastBacklogSeconds * perSecond) return undefined;
  for (;;) {
    const stored = sum(await checkpointsOf(place.postgres));
    const { accepted } = apps;
    const seconds = (performance.now() - from.at) / 1_000;
    if (accepted - stored - ahead < perSecond || seconds * 1_000 > timeoutMs)
      return (stored - from.stored) / Math.max(accepted - from.accepted, perSecond * seconds);
    await sleep(pollMs);
  }
}

async function caughtUp(place: Place, { apps, cluster }: Victims, perSecond: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  for (let calm = 0; calm < 3; ) {
    const ends = await endsOf(place).catch(() => undefined);
    const stored = await checkpointsOf(place.postgres).catch(() => undefined);
    const states = [...cluster.processes.values()].every(({ state }) => state === "ready");
    const left = ends === undefined || stored === undefined ? Number.NaN : sum(ends) - sum(stored);
    // What is on its way at any moment is no backlog.
    calm = left < calmSeconds * perSecond && states ? calm + 1 : 0;
    if (performance.now() > until) throw new Error(`it did not catch up: ${left} of ${apps.accepted} are left`);
    await sleep(250);
  }
}

async function ready({ processes }: Cluster, target: Process): Promise<void> {
  await eventually(() => processes.get(target)?.state === "ready", { timeoutMs, everyMs: pollMs });
}

/** Nearly every second brings something to each of their partitions. */
const busyTopics: readonly string[] = ["driver-locations-enriched", "trip-events-enriched"];

/** The end of each partition that the tables are filled from. */
async function endsOf({ connection }: Place): Promise<ReadonlyMap<string, number>> {
  const perTopic = await Promise.all(
    storedTopics.map(async (topic) =>
      (await topicEnds(connection, topic)).map(
        ({ partition, high }) => [`${topic}/${partition}`, Number(high)] as const,
      ),
    ),
  );
  return new Map(perTopic.flat());
}

const sum = (offsets: ReadonlyMap<string, number>) => [...offsets.values()].reduce((total, each) => total + each, 0);

export type RecoveryReport = {
  readonly seed: number;
  readonly eventsPerSecond: number;
  readonly kills: readonly Recovery[];
  readonly p95: { readonly firstRowMs: number; readonly allPartitionsMs: number };
  /** The least of all that could be measured. */
  readonly leastCatchUp: number | undefined;
};

const eventsPerSecond = 400;

/** Kills each process once, in an order that the seed says, as far as it comes. */
export async function measureKills(
  options: Omit<StageOptions, "events"> & { readonly minutes: number },
): Promise<RecoveryReport> {
  return onStage({ ...options, events: Number.MAX_SAFE_INTEGER }, async (stage) => {
    const sending = stage.apps.run((Number.MAX_SAFE_INTEGER * 1_000) / eventsPerSecond);
    const random = createRandom(options.seed, 0x6b696c6c);
    const targets = [...services, ...brokers, ...stores]
      .map((target) => ({ target, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ target }) => target);
    const kills = await measureRecovery(targets, stage, stage.place, { eventsPerSecond, ...options });
    stage.apps.stop();
    await sending;
    const rates = kills.flatMap(({ catchUp }) => catchUp ?? []);
    return {
      ...{ seed: options.seed, eventsPerSecond, kills },
      p95: {
        firstRowMs: p95Of(kills.map((kill) => kill.firstRowMs)),
        allPartitionsMs: p95Of(kills.map((kill) => kill.allPartitionsMs)),
      },
      leastCatchUp: rates.length === 0 ? undefined : Math.min(...rates),
    };
  });
}
