import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { KafkaConnection } from "../../kafka/index.ts";
import { withAdmin } from "../../kafka/topics.ts";
import { signal } from "../../local/process-identity.ts";
import type { Apps } from "./apps.ts";
import type { Cluster } from "./cluster.ts";
import type { Toxic } from "./link.ts";
import { brokers, type Fault, type FaultKind, type Process, spoolingDoor } from "./plan.ts";
import type { Poison } from "./poison.ts";

/** What faults are done to. */
export type Victims = {
  readonly cluster: Cluster;
  readonly connection: KafkaConnection;
  readonly apps: Apps;
  readonly poison: Poison;
};

/** How a fault went: what was seen of it, or why it could not be done. */
export type Injected = Fault & { readonly done: boolean; readonly note?: string };

/** For how long a transaction is waited for that comes to the point at which the link is to be cut. */
const commitWaitMs = 20_000;

/** Does one fault and undoes it after its time. Never throws: a fault that could not be done is told. */
export async function inject(fault: Fault, victims: Victims): Promise<Injected> {
  try {
    const note = await actions[fault.kind](fault, victims);
    return { ...fault, done: true, ...(note === undefined ? {} : { note }) };
  } catch (error) {
    return { ...fault, done: false, note: error instanceof Error ? error.message : String(error) };
  }
}

type Action = (fault: Fault, victims: Victims) => Promise<string | undefined>;

const ill =
  (toxicOf: (fault: Fault) => Toxic): Action =>
  async (fault, { cluster }) => {
    const link = cluster.links.get(fault.target as Process);
    if (link === undefined) throw new Error("there is no such link");
    link.set(toxicOf(fault));
    await sleep(fault.forMs);
    link.set(undefined);
    return undefined;
  };

/** Two minutes to ten, as the moment of the fault has it. */
const jumpMinutes = ({ atMs }: Fault) => 2 + (atMs % 9);

const jump =
  (direction: 1 | -1): Action =>
  async (fault, { cluster }) => {
    const clock = cluster.clocks.get(fault.target as Process);
    if (clock === undefined) throw new Error("it has no clock of its own");
    clock.set(direction * jumpMinutes(fault) * 60_000);
    await sleep(fault.forMs);
    clock.set(0);
    return `${jumpMinutes(fault)} minutes`;
  };

const actions: Readonly<Record<FaultKind, Action>> = {
  "kill -9": async ({ target }, { cluster }) => send(cluster, target, "SIGKILL"),
  restart: async ({ target }, { cluster }) => send(cluster, target, "SIGTERM"),
  stop: (fault, { cluster }) => standStill(cluster, fault),
  "copies shrink": async (fault, victims) => {
    const stopped = standStill(victims.cluster, fault);
    const id = Number(fault.target.slice(-1));
    const until = performance.now() + fault.forMs;
    let copies = 3;
    while (copies === 3 && performance.now() < until) {
      copies = await inSync(victims.connection, id).catch(() => 3);
      await sleep(250);
    }
    await stopped;
    return `${copies} copies in sync`;
  },
  "broker lost": async ({ target, forMs }, { cluster }) => {
    const link = cluster.links.get(target as Process);
    link?.set({ kind: "refuse" });
    send(cluster, target, "SIGSTOP");
    await sleep(forMs);
    // It never goes on: what it had in memory is gone.
    send(cluster, target, "SIGKILL");
    link?.set(undefined);
    return undefined;
  },
  "leaders move": async (_, { connection }) => moveLeaders(connection),
  cut: ill(() => ({ kind: "refuse" })),
  "half open": ill(() => ({ kind: "stall", directions: ["up", "down"] })),
  "one way up": ill(() => ({ kind: "stall", directions: ["up"] })),
  "one way down": ill(() => ({ kind: "stall", directions: ["down"] })),
  delay: ill(() => ({ kind: "delay", ms: 300 })),
  throttle: ill(() => ({ kind: "throttle", bytesPerSecond: 100_000 })),
  "held request": ill(({ forMs }) => ({ kind: "hold", direction: "up", ms: forMs })),
  "cut before COMMIT": (_, { cluster }) => cutAt(cluster, "commit"),
  "cut after COMMIT": (_, { cluster }) => cutAt(cluster, "committed"),
  "sessions ended": async (_, { cluster }) => {
    const client = new pg.Client({ connectionString: cluster.superuser, connectionTimeoutMillis: 2_000 });
    client.on("error", () => undefined);
    await client.connect();
    const ended = await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename in ('sink', 'hailstream') and pid <> pg_backend_pid()",
    );
    await client.end();
    return `${ended.rowCount} sessions`;
  },
  "rebalance storm": async ({ target, forMs }, { cluster }) => {
    let joins = 0;
    for (const until = performance.now() + forMs; performance.now() < until; ) {
      if (cluster.processes.get(target as Process)?.state === "ready") {
        send(cluster, target, joins % 2 === 0 ? "SIGTERM" : "SIGKILL");
        joins += 1;
      }
      await sleep(500);
    }
    return `${joins} times gone and back`;
  },
  "clock ahead": jump(1),
  "clock behind": jump(-1),
  "full disk": async (fault, { cluster }) => {
    const disk = cluster.disks.get(fault.target as Process);
    if (disk === undefined) throw new Error("mounting a small disk is not permitted here");
    const refusals = () => (fault.target === spoolingDoor ? spoolRefusals(cluster) : Promise.resolve(0));
    const before = await refusals();
    const bytes = await disk.fill();
    // A door writes to its disk only while Kafka is away.
    const cut = fault.target === spoolingDoor ? brokers.map((name) => cluster.links.get(name)) : [];
    for (const link of cut) link?.set({ kind: "refuse" });
    try {
      await sleep(fault.forMs * (cut.length === 0 ? 1 : 2 / 3));
      await disk.free();
      if (cut.length === 0) return `${bytes} bytes`;
      // There is room, and still no Kafka.
      await sleep(fault.forMs / 3);
      return `${bytes} bytes, ${(await refusals()) - before} writes refused`;
    } finally {
      for (const link of cut) link?.set(undefined);
    }
  },
  poison: async (_, { poison }) => `${await poison.spoil()} records`,
  "a hundredfold": async ({ target }, { apps, poison }) => {
    if (target === "topics") return `${await poison.repeat()} records`;
    await apps.repeat();
    return undefined;
  },
  "hot key": ({ forMs }, { apps }) => during(forMs, (on) => apps.heat(on)),
  "late events": ({ forMs }, { apps }) => during(forMs, (on) => apps.late(on)),
};

/** @throws when it does not run at this moment */
function send({ processes }: Cluster, target: Fault["target"], name: NodeJS.Signals): undefined {
  const pid = processes.get(target as Process)?.pid;
  if (pid === undefined) throw new Error("it was not running at that moment");
  signal(pid, name);
}

/** With all its children: those of Postgres lead groups of their own. */
async function standStill({ processes }: Cluster, { target, forMs }: Fault): Promise<undefined> {
  const pid = processes.get(target as Process)?.pid;
  if (pid === undefined) throw new Error("it was not running at that moment");
  const family = [pid, ...childrenOf(pid)];
  for (const each of family) signal(each, "SIGSTOP");
  await sleep(forMs);
  for (const each of family) signal(each, "SIGCONT");
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent ? [Number(name)] : [];
    } catch {
      // It has gone meanwhile.
      return [];
    }
  });
}

async function cutAt({ postgresProxy }: Cluster, point: "commit" | "committed"): Promise<string> {
  const held = await Promise.race([postgresProxy.holdAt(point, "events."), sleep(commitWaitMs)]);
  if (!held) throw new Error("no transaction came to that point");
  // Long enough for the client to believe that the server is slow, not gone.
  await sleep(1_000);
  held.cut();
  return `a transaction of ${point === "commit" ? "which the server heard no COMMIT" : "which the client heard no answer"}`;
}

/** How many copies are in sync of the partitions of which this broker has one. */
async function inSync(connection: KafkaConnection, id: number): Promise<number> {
  return withAdmin(connection, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: ["driver-locations"] });
    const partitions = topics.flatMap((topic) => topic.partitions);
    return Math.max(...partitions.map(({ isr }) => (isr.includes(id) ? 3 : isr.length)));
  });
}

/** Gives each partition's copies another order: the first is the one that should lead, and the controller sees to it. */
async function moveLeaders(connection: KafkaConnection): Promise<string> {
  return withAdmin(connection, async (admin) => {
    const names = ["driver-locations", "driver-locations-enriched", "trip-events"];
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    await admin.alterPartitionReassignments({
      topics: topics.map(({ name, partitions }) => ({
        topic: name,
        partitionAssignment: partitions.map(({ partitionId, replicas, leader }) => {
          const next = replicas[(replicas.indexOf(leader) + 1) % replicas.length] as number;
          return { partition: partitionId, replicas: [next, ...replicas.filter((each) => each !== next)] };
        }),
      })),
    });
    return `${topics.reduce((sum, { partitions }) => sum + partitions.length, 0)} partitions`;
  });
}

async function during(ms: number, set: (on: boolean) => void): Promise<undefined> {
  set(true);
  await sleep(ms);
  set(false);
}

/** How many writes to its spool the door has seen refused since its start; NaN when it does not say. */
async function spoolRefusals({ doors }: Cluster): Promise<number> {
  const text = await fetch(`${doors[1]}/metrics`, { signal: AbortSignal.timeout(2_000) }).then(
    (answer) => answer.text(),
    () => undefined,
  );
  return text === undefined
    ? Number.NaN
    : Number(/^hailstream_ingest_spool_write_failures_total (\d+)/m.exec(text)?.[1] ?? 0);
}
