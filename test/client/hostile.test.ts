import { afterAll, expect, test, vi } from "vitest";
import { type Client, createClient, dropReport, type EventClass } from "../../client/index.ts";
import { chance, hostileNetwork, ModelIngest, SimulatedClock, SimulatedDisk, settled } from "./world.ts";

type Events = Readonly<Record<string, { readonly key: string; readonly n: number; readonly bad?: boolean }>>;
const classes: Readonly<Record<string, EventClass>> = { ping: "bulk", trip: "normal", sos: "critical" };
const runs = Number(process.env.HAILSTREAM_SDK_RUNS ?? 100);
/** A world that fails is told with its seed, and made again by `HAILSTREAM_SDK_RUNS=1 HAILSTREAM_SDK_SEED=…`. */
const first = Number(process.env.HAILSTREAM_SDK_SEED ?? 1);
const minute = 60_000;

afterAll(() => vi.unstubAllGlobals());

/** One life of an app after another on one device, with everything that goes wrong; then all is well, and it must add up. */
async function liveThrough(seed: number) {
  const random = chance(seed);
  // Ids are random too, and a world that fails must be made again to the bit.
  const getRandomValues = (bytes: Uint8Array) => bytes.set(bytes.map(() => random() * 256));
  vi.stubGlobal("crypto", { getRandomValues });
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(random);
  const ingest = new ModelIngest(random, clock);
  const unheard = new Set<string>();
  const state = {
    offline: false,
    loss: random() < 0.3 ? 0 : random() * 0.5,
  };
  const tracked = new Map<string, { kept?: string; life: number }>();
  const numbers = new Map<string, number>();
  const faults = new Set<string>();
  let life = 0;
  let counted = 0;
  const boot = (): Client<Events> => {
    const mine = ++life;
    clock.forgetTimers();
    const storage = disk.boot();
    return createClient<Events>({
      url: "http://ingest",
      key: "key",
      source: "/apps/test",
      storage,
      classes,
      clock,
      random,
      network: hostileNetwork(ingest, clock, random, {
        get offline() {
          return state.offline;
        },
        get loss() {
          return state.loss;
        },
        alive: () => mine === life && !disk.dead,
        unheard,
      }),
      maxQueueBytes: random() < 0.3 ? 4_000 : 1_000_000,
      batchBytes: 2_000,
      onDrop: (_reason, _type, count) => {
        if (mine === life) counted += count;
      },
    });
  };
  const track = () => {
    const type = (["ping", "ping", "trip", "sos"] as const)[Math.floor(random() * 4)] as string;
    const key = `${type}-${Math.floor(random() * 3)}`;
    const n = (numbers.get(key) ?? 0) + 1;
    numbers.set(key, n);
    const { id, kept } = client.track(type, { key, n, ...(random() < 0.02 ? { bad: true } : {}) });
    const entry: { kept?: string; life: number } = { life };
    tracked.set(id, entry);
    void kept.then((where) => {
      entry.kept = where;
    });
  };
  const restart = async () => {
    disk.kill();
    await settled();
    if (random() < 0.4) {
      faults.add("flip");
      disk.flipBit();
    }
    client = boot();
  };
  let client = boot();
  const steps = 10 + Math.floor(random() * 30);
  for (let step = 0; step < steps; step++) {
    for (let burst = Math.floor(random() * 8); burst > 0; burst--) track();
    const luck = random();
    if (luck < 0.12) {
      faults.add("kill");
      if (!disk.dead) disk.killIn = 1 + Math.floor(random() * 6);
    } else if (luck < 0.2) state.offline = !state.offline;
    else if (luck < 0.24) {
      faults.add("13 hours offline");
      state.offline = true;
      for (let hour = 0; hour < 13; hour++) {
        track();
        await clock.pass(60 * minute);
      }
      state.offline = false;
    } else if (luck < 0.3) {
      faults.add("5 minutes of 503");
      ingest.state = random() < 0.5 ? "busy" : "overloaded";
      track();
      await clock.pass(5 * minute);
      ingest.state = "up";
    } else if (luck < 0.36) {
      faults.add("full disk");
      disk.capacity = disk.capacity === Number.POSITIVE_INFINITY ? 500 + random() * 2_000 : Number.POSITIVE_INFINITY;
    } else if (luck < 0.42) {
      faults.add("clock");
      clock.wall += (random() - 0.5) * 2 * 3 * 86_400_000;
    } else if (luck < 0.46) ingest.maxEvents = 1 + Math.floor(random() * 5);
    await clock.pass(random() * (random() < 0.5 ? 20 : 20_000));
    if (disk.dead) await restart();
  }
  // All is well again.
  const killed = faults.has("kill");
  state.offline = false;
  state.loss = 0;
  ingest.maxEvents = 1_000;
  disk.capacity = Number.POSITIVE_INFINITY;
  if (!disk.dead) disk.killIn = Number.POSITIVE_INFINITY;
  await clock.pass(minute);
  if (disk.dead) await restart();
  for (let patience = 0; patience < 50; patience++) {
    await clock.pass(10 * minute);
    void client.flush();
    await clock.pass(10_000);
    if (client.status().waiting === 0) break;
  }
  await clock.pass(minute);
  void client.flush();
  await clock.pass(minute);
  const reported = [...ingest.stored.values()]
    .filter(({ type }) => type === dropReport)
    .flatMap(({ data }) => data.dropped as { readonly count: number }[])
    .reduce((sum, { count }) => sum + count, 0);
  return { tracked, ingest, unheard, counted, reported, killed, faults, waiting: client.status().waiting, disk };
}

test(`${runs} devices in a hostile world: every event is stored once or counted as dropped, in order per key`, async () => {
  const seen = new Map<string, number>();
  let events = 0;
  let twice = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const { tracked, ingest, unheard, counted, reported, killed, faults, waiting, disk } = await liveThrough(seed);
    const note = `seed ${seed} (${[...faults].join(", ")})`;
    expect(waiting, `${note}: still waiting`).toBe(0);
    expect(
      [...disk.files.keys()].filter((name) => /^[bnc]\d/.test(name)),
      `${note}: files left`,
    ).toEqual([]);
    const missing = [...tracked].filter(([id]) => !ingest.stored.has(id));
    const promised = missing.filter(([, { kept }]) => kept === "stored" || (kept === "dropped" && !killed));
    expect(reported, `${note}: lost without being counted`).toBeGreaterThanOrEqual(promised.length);
    // Who sent in vain does not know whether it arrived, and may give it up.
    const doubt = [...unheard].filter((id) => ingest.stored.has(id)).length;
    if (killed) twice += Math.max(0, reported - missing.length - doubt);
    else {
      // Without a kill nobody's counts are lost, and none is told twice.
      expect(reported, `${note}: what was dropped and what was reported`).toBe(counted);
      expect(missing.length, `${note}: missing`).toBeLessThanOrEqual(counted);
      expect(counted - missing.length, `${note}: counted but stored`).toBeLessThanOrEqual(doubt);
    }
    const last = new Map<string, number>();
    for (const { id, type, data } of ingest.stored.values()) {
      // A time of tomorrow's tomorrow is refused today and taken tomorrow; where nobody heard the refusal, it is out of order by that.
      if (type === dropReport || ingest.rejected.has(id)) continue;
      const { key, n } = data as { readonly key: string; readonly n: number };
      expect(n, `${note}: the order of ${key}`).toBeGreaterThan(last.get(key) ?? 0);
      last.set(key, n);
    }
    events += tracked.size;
    for (const fault of faults) seen.set(fault, (seen.get(fault) ?? 0) + 1);
  }
  // A world in which a fault never happened proves nothing about it.
  expect([...seen.keys()].sort()).toEqual([
    "13 hours offline",
    "5 minutes of 503",
    "clock",
    "flip",
    "full disk",
    "kill",
  ]);
  expect(events).toBeGreaterThan(runs * 30);
  // Whoever is killed before the answer is noted may give up what was stored: one too many is counted, never one too few.
  expect(twice).toBeLessThan(events / 200);
  const kinds = [...seen].map(([fault, worlds]) => `${fault} in ${worlds}`).join(", ");
  process.stdout.write(`${runs} devices, ${events} events, ${twice} counted twice; ${kinds}\n`);
}, 300_000);
