import type { OutgoingRecord } from "../../kafka/index.ts";
import type { StateRow } from "../../store/index.ts";
import type { Flow, RememberingFlow, TurnedAway } from "../../stream/index.ts";
import { type DrivenProcess, driveFlow, driveRememberingFlow, type World } from "./driven-process.ts";
import { createMemoryTopics } from "./memory-topics.ts";

export type DriverParts = {
  /** The very objects that run in production. A flow may read what another one writes. */
  readonly flows?: readonly Flow[];
  readonly remembering?: readonly RememberingFlow[];
  /** Partitions of every topic; default 1. The key decides, as Kafka's default partitioner does. */
  readonly partitions?: number;
  /** Records that a flow is given at a time; default 500. */
  readonly batchSize?: number;
  /** Keys whose memory a partition keeps at hand; default 1,000. */
  readonly maxCachedKeys?: number;
  /** A partition that gets nothing for this long: its time goes on by the clock; default 30 s, as in production. */
  readonly idleMs?: number;
  /**
   * Where the process dies: after this many effects, counted from its start; one number for each of its lives. An effect is whatever
   * outlives the process: a record written, an offset moved, a transaction; a question to the store counts too.
   */
  readonly deaths?: readonly number[];
  /** What the clock shows at first, ms since 1970; default 2026-01-05T08:00:00Z. */
  readonly startMs?: number;
};

export type TopologyDriver = {
  /** Writes records to a topic, as whoever stands before the topology would. Nothing is handled yet. */
  write(topic: string, records: readonly OutgoingRecord[], partition?: number): void;
  /** Lets every flow read until there is nothing more to read. A process that dies meanwhile is started again. */
  run(): Promise<void>;
  /** `write` and `run`. */
  pipe(topic: string, records: readonly OutgoingRecord[], partition?: number): Promise<void>;
  /**
   * Moves the clock by hand and lets the time of quiet partitions go on with it; whatever that brings is read. Time moves in one step: a
   * processor that reads what another one wrote by it has its own quiet time before it.
   */
  advance(ms: number): Promise<void>;
  /** Another process takes all partitions over for a moment: whatever is stored under the older claims from now on is refused. */
  rebalance(): void;
  /** Everything that was written to a topic so far, in order, repetitions and all. */
  output(topic: string): readonly OutgoingRecord[];
  /** The same without repetitions, which whoever reads the topic knows by `ce_id`. */
  distinct(topic: string): readonly OutgoingRecord[];
  /** Records that were dropped or became dead letters, in order; a batch that is read again after a death counts again. */
  readonly turnedAway: readonly (TurnedAway & { readonly flow: string })[];
  /** What a flow remembers, by key. */
  memory(flow: string): ReadonlyMap<string, StateRow>;
  /** Records decided upon and not acknowledged, of all flows. */
  readonly waiting: number;
  readonly nowMs: number;
  /** Effects so far, over all lives. */
  readonly effects: number;
  /** How often the process died. */
  readonly died: number;
};

/** The end of a process at an effect. Thrown through whatever is running, as a kill -9 ends it, and caught by the driver alone. */
class Death extends Error {}

/**
 * Runs any topology in memory: the very flows that run in production, with the very engine (`processBatch`, `openPartition`), without
 * Kafka and without Postgres. Single-threaded and without a clock of its own, so that a test gives the same each time. After Kafka Streams'
 * TopologyTestDriver; what is added are partitions, repetitions and deaths.
 */
export function createTopologyDriver(parts: DriverParts): TopologyDriver {
  const topics = createMemoryTopics(parts.partitions ?? 1);
  const turnedAway: (TurnedAway & { flow: string })[] = [];
  const deaths = [...(parts.deaths ?? [])];
  const { batchSize = 500, maxCachedKeys = 1_000, idleMs = 30_000 } = parts;
  let now = parts.startMs ?? Date.UTC(2026, 0, 5, 8);
  let effects = 0;
  let died = 0;
  let left = deaths.shift();

  const world: World = {
    topics,
    batchSize,
    maxCachedKeys,
    idleMs,
    now: () => now,
    turnedAway: (flow, what) => turnedAway.push({ flow, ...what }),
    point() {
      effects++;
      if (left !== undefined && left-- === 0) throw new Death();
    },
  };
  const processes: readonly DrivenProcess[] = [
    ...(parts.flows ?? []).map((flow) => driveFlow(world, flow)),
    ...(parts.remembering ?? []).map((flow) => driveRememberingFlow(world, flow)),
  ];

  /** Does the work, however often the process dies over it. */
  async function living(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        died++;
        left = deaths.shift();
        for (const process of processes) process.die();
      }
    }
  }

  async function readAll(): Promise<void> {
    let some = true;
    while (some) {
      some = false;
      for (const process of processes) while (await process.step()) some = true;
    }
  }

  const driver: TopologyDriver = {
    write(topic, records, partition) {
      const to = partition === undefined ? {} : { partition };
      for (const record of records) topics.append(topic, { ...record, ...to }, now);
    },
    run: () => living(readAll),
    async pipe(topic, records, partition) {
      driver.write(topic, records, partition);
      await driver.run();
    },
    async advance(ms) {
      await driver.run();
      now += ms;
      // Decided once: a process that dies over it goes on to the same moment.
      const reaches = processes.map((process) => ({ process, of: process.quiet() }));
      await living(async () => {
        for (const { process, of } of reaches) {
          for (const [partition, moment] of of) await process.pass(partition, moment);
        }
        await readAll();
      });
    },
    rebalance() {
      for (const process of processes) process.fence();
    },
    output: topics.all,
    distinct(topic) {
      const seen = new Set<string>();
      return topics.all(topic).filter((record) => {
        const id = idOf(record);
        return id === undefined || (!seen.has(id) && seen.add(id));
      });
    },
    turnedAway,
    memory(flow) {
      const kept = processes.find(({ name }) => name === flow)?.kept;
      if (kept === undefined) throw new Error(`${flow} is no flow that remembers`);
      return kept.states;
    },
    get waiting() {
      return processes.reduce((sum, { kept }) => sum + (kept?.outboxSize ?? 0), 0);
    },
    get nowMs() {
      return now;
    },
    get effects() {
      return effects;
    },
    get died() {
      return died;
    },
  };
  return driver;
}

function idOf({ headers }: OutgoingRecord): string | undefined {
  const id = (headers as Readonly<Record<string, string | Buffer>> | undefined)?.ce_id;
  return id?.toString();
}

/**
 * Plays a scenario once without a death, then again and again, each time with a death at the next of its effects; and, for `soon`, with a
 * second death that many effects after the start that follows. `check` sees each of them, the one without a death first.
 * @param play makes a driver with these deaths and pipes its records through it
 * @returns how many times it was played
 */
export async function dieEverywhere(
  play: (deaths: readonly number[]) => Promise<TopologyDriver>,
  check: (driver: TopologyDriver, where: string) => void | Promise<void>,
  soon: readonly number[] = [],
): Promise<number> {
  const whole = await play([]);
  await check(whole, "no death");
  let times = 1;
  for (let at = 0; at < whole.effects; at++) {
    for (const deaths of [[at], ...soon.map((second) => [at, second])]) {
      const driver = await play(deaths);
      if (driver.died === 0) throw new Error(`no process died at effect ${at}: the scenario is not the same each time`);
      await check(driver, `deaths after ${deaths.join(" and ")} effects`);
      times++;
    }
  }
  return times;
}
