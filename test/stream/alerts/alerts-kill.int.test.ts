import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { exampleOf } from "../../../schemas/index.ts";
import { eventually } from "../../support/wait.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";

/** Events, each of which opens or ends an incident. Ten thousand by `npm run proof -- alerts`. */
const transitions = Number(process.env.ALERT_TRANSITIONS ?? 2_000);
const trips = 100;
const writeForMs = Number(process.env.ALERT_SECONDS ?? 15) * 1_000;
/** Longer than a killed member's session, so that its partitions come to somebody in between. */
const killEveryMs = 8_000;
const children = new Set<ChildProcess>();
let stopping = false;
let fixture: ProcessorFixture;
beforeAll(async () => {
  const topics = ["payments", "alert-signals", "alerts", "dead-letters", "late-events"];
  fixture = await createProcessorFixture("alerts_kill", topics);
});
afterAll(async () => {
  stopping = true;
  for (const child of children) child.kill("SIGKILL");
  await fixture.stop();
});

const flapping = [
  ...["name: flapping", "description: d", "on: payment.failed", "by: {trip: data.trip_id}", "severity: critical"],
  ...["when: data.amount > 100", "holds_for: 1h", "repeat_interval: 1d", "summary: s"],
].join("\n");

function member(): ChildProcess {
  const file = fileURLToPath(new URL("alerts-process.ts", import.meta.url));
  const args = [inject("kafka"), inject("registry"), fixture.cacheDir, fixture.prefix, fixture.db.sinkUrl, flapping];
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  child.once("exit", () => {
    children.delete(child);
    // As a supervisor does, whatever it died of.
    if (!stopping) member();
  });
  return child;
}

test("two evaluators, one of them killed every few seconds: each transition has one id, each incident one firing and one resolved", async () => {
  const type = fixture.schemas.catalogue.types.get("payment.failed");
  if (type === undefined) throw new Error("no such type");
  const example = exampleOf(type);
  const first = [member(), member()];
  await Promise.all(first.map(({ stdout }) => once(stdout as NodeJS.ReadableStream, "data")));
  const began = performance.now();
  let writing = true;
  let kills = 0;
  const killing = (async () => {
    for (let due = began + killEveryMs / 2; writing; due += killEveryMs) {
      while (writing && performance.now() < due) await delay(100);
      if (!writing) break;
      const [victim] = children;
      victim?.kill("SIGKILL");
      kills++;
    }
  })();
  const steps = transitions / trips;
  for (let step = 0; step < steps; step++) {
    const due = began + (step * writeForMs) / steps - performance.now();
    if (due > 0) await delay(due);
    await fixture.write(
      "payments",
      Array.from({ length: trips }, (_, trip) => {
        const data = { ...example, trip_id: `trp_${trip}`, amount: step % 2 === 0 ? 500 : 1 };
        return { ...fixture.event("payment.failed", Date.now(), data), key: `trp_${trip}` };
      }),
    );
  }
  writing = false;
  await killing;

  const told = async () => {
    const records = await fixture.eventsOf("alerts");
    const byId = new Map<string, Set<string>>();
    for (const { id, data } of records) {
      const { alert_id, sequence, status } = data;
      byId.set(id, (byId.get(id) ?? new Set()).add(`${alert_id} ${sequence} ${status}`));
    }
    return { records: records.length, byId };
  };
  await eventually(async () => expect((await told()).byId.size).toBe(transitions), {
    timeoutMs: 120_000,
    everyMs: 1_000,
  });
  const { records, byId } = await told();
  const messages = [...byId.values()];
  expect(messages.every((one) => one.size === 1)).toBe(true);
  const lines = messages.flatMap((one) => [...one]);
  expect(new Set(lines).size).toBe(transitions);
  const incidents = Map.groupBy(lines, (line) => line.split(" ")[0]);
  expect(incidents.size).toBe(transitions / 2);
  for (const [id, of] of incidents) expect(of.sort()).toEqual([`${id} 1 firing`, `${id} 2 resolved`]);
  process.stderr.write(
    `${transitions} transitions, ${kills} kills: ${byId.size} ids, ${records - transitions} written twice\n`,
  );
  expect(kills).toBeGreaterThan(1);
}, 600_000);
