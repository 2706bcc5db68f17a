import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { hashApiKey } from "../../ingest/index.ts";
import { ensureTopics } from "../../kafka/index.ts";
import { type AnswerBody, connectTo, idsOf, recordsOf } from "./door.ts";
import { locationEvent } from "./knowledge.ts";

let dir = "";
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-ingest-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(dir, { recursive: true });
});

/** The process that users run; resolves with its address when it says that it is ready. */
async function startProcess(key: string): Promise<string> {
  await writeFile(join(dir, "keys.json"), JSON.stringify([{ name: "test", sha256: hashApiKey(key) }]));
  const args = [
    ...["main.ts", "ingest", "--json", "--ingest-port", "0", "--ingest-api-keys-file", join(dir, "keys.json")],
    ...["--kafka-brokers", inject("kafka"), "--registry-url", inject("registry")],
    ...["--registry-cache-dir", join(dir, "schemas"), "--log-level", "warn"],
    // A machine that stands still is not what turns anybody away here.
    ...["--ingest-max-loop-delay-ms", "0"],
  ];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null) throw new Error("no standard output");
  for await (const line of createInterface(child.stdout)) return (JSON.parse(line) as { ingest: string }).ingest;
  throw new Error("ingest ended before it was ready");
}

test("SIGTERM under load: no acknowledged event is lost, and the exit code is 0", async () => {
  const connection = connectTo(inject("kafka"));
  await ensureTopics(connection);
  const key = "hsk_shutdown";
  const url = await startProcess(key);
  const prefix = randomUUID();
  const acknowledged: string[] = [];
  const sent = new Set<string>();
  let serial = 0;
  let running = true;
  let strange = "";

  const client = async () => {
    while (running) {
      const events = Array.from({ length: 5 }, () => locationEvent({ id: `${prefix}-${serial++}` }));
      for (const event of events) sent.add(event.id as string);
      try {
        const response = await fetch(`${url}/v1/events`, {
          method: "POST",
          headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
          body: JSON.stringify(events),
        });
        const { results } = (await response.json()) as AnswerBody;
        if (response.status !== 202) strange = `${response.status}`;
        acknowledged.push(...results.filter((r) => r.status === "accepted").map((r) => r.id ?? ""));
      } catch {
        // The door is closed: this request got no answer, so nothing was promised.
        return;
      }
    }
  };
  const clients = Array.from({ length: 16 }, client);
  while (acknowledged.length < 2_000) await Promise.race([...clients, new Promise((resolve) => setImmediate(resolve))]);

  const exited = once(child as ChildProcess, "exit");
  child?.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  running = false;
  await Promise.all(clients);
  expect(strange).toBe("");

  const found = idsOf(await recordsOf(connection, ["driver-locations"], prefix, acknowledged.length));
  const inKafka = new Set(found);
  expect(acknowledged.filter((id) => !inKafka.has(id))).toEqual([]);
  expect(inKafka.size).toBe(found.length);
  expect(found.filter((id) => !sent.has(id))).toEqual([]);
});
