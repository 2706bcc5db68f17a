import { expect, test } from "vitest";
import { dropReport, type Network } from "../../client/index.ts";
import { makeDevice } from "./device.ts";
import { chance, SimulatedDisk } from "./world.ts";

const away: Network = async () => {
  throw new Error("away");
};
/** Where a death cuts an operation: before it, in its middle, after it. */
const moments = { before: 0.99, within: 0.2, after: 0.5 } as const;

/** A device offline whose queue overflows dies in one operation of its storage; the next life delivers what is left. */
async function dieAt(operation: number, moment: keyof typeof moments) {
  let cut = false;
  const random = chance(operation);
  const disk = new SimulatedDisk(() => (cut ? moments[moment] : random()));
  const { clock, ingest, start } = makeDevice();
  const first = start({ storage: disk.boot(), maxQueueBytes: 2_500, network: away });
  await clock.pass(1);
  disk.killIn = operation;
  cut = true;
  const tracked: { id: string; kept?: string }[] = [];
  for (let n = 1; n <= 40; n++) {
    const { id, kept } = first.track(n % 4 === 0 ? "trip" : "ping", { key: n % 4 === 0 ? "trip" : "ping", n });
    const entry: { id: string; kept?: string } = { id };
    tracked.push(entry);
    void kept.then((where) => {
      entry.kept = where;
    });
    if (n % 3 === 0) await clock.pass(1);
    // The app that is dead tracks nothing more.
    if (disk.dead) break;
  }
  await clock.pass(1);
  const died = disk.dead;
  cut = false;
  clock.forgetTimers();
  const second = start({ storage: disk.boot() });
  await clock.pass(1);
  await second.flush();
  const stored = [...ingest.stored.values()];
  const reported = stored
    .filter(({ type }) => type === dropReport)
    .flatMap(({ data }) => data.dropped as { readonly count: number }[])
    .reduce((sum, { count }) => sum + count, 0);
  const missing = tracked.filter(({ id }) => !ingest.stored.has(id));
  return { died, stored, reported, missing };
}

test("a death in any operation while the queue overflows: each event is stored or counted, none is both, and the order stays", async () => {
  let deaths = 0;
  for (const moment of Object.keys(moments) as (keyof typeof moments)[]) {
    for (let operation = 1; ; operation++) {
      const { died, stored, reported, missing } = await dieAt(operation, moment);
      const note = `${moment} operation ${operation}`;
      // Nothing was sent before the death, so there is no doubt about any event.
      const lost = missing.filter(({ kept }) => kept === "stored");
      expect(reported, `${note}: lost without being counted`).toBeGreaterThanOrEqual(lost.length);
      expect(reported, `${note}: counted, but stored`).toBeLessThanOrEqual(missing.length);
      const last = new Map<unknown, number>();
      for (const { data } of stored.filter(({ type }) => type !== dropReport)) {
        expect(data.n, note).toBeGreaterThan(last.get(data.key) ?? 0);
        last.set(data.key, data.n as number);
      }
      if (!died) break;
      deaths++;
    }
  }
  expect(deaths).toBeGreaterThan(60);
});

test("what a full disk did not take is written once there is room, and survives", async () => {
  const disk = new SimulatedDisk(chance(1));
  const { clock, ingest, start } = makeDevice();
  disk.capacity = 100;
  const first = start({ storage: disk.boot(), network: away });
  const kept = ["ping", "trip", "sos"].map((type) => first.track(type, {}).kept);
  await clock.pass(1);
  expect(await Promise.all(kept)).toEqual(["memory", "memory", "memory"]);
  disk.capacity = 10_000;
  await clock.pass(5_000);
  disk.kill();
  clock.forgetTimers();
  const second = start({ storage: disk.boot() });
  await clock.pass(1);
  await second.flush();
  expect([...ingest.stored.values()].map(({ type }) => type)).toEqual(["sos", "trip", "ping"]);
});
