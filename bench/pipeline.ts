import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { v7 as uuidv7 } from "uuid";
import { findFreePortBase, type ReadyLine } from "../local/index.ts";

export type RunningPipeline = { readonly ready: ReadyLine; stop(): Promise<void> };

/** The whole pipeline as `hailstream up` runs it, without traffic of its own, in a directory that `stop` deletes. */
export async function startPipeline(env: Readonly<Record<string, string>> = {}): Promise<RunningPipeline> {
  const dataDir = mkdtempSync(join(tmpdir(), "hailstream-bench-"));
  const program = resolve(import.meta.dirname, "..", "main.ts");
  const place = ["--data-dir", dataDir, "--port-base", String(await findFreePortBase())];
  const child = spawn(process.execPath, [program, "up", "--json", "--no-demo", ...place], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const ended = new Promise((finish) => child.once("close", finish));
  const line = await new Promise<string>((take, refuse) => {
    createInterface({ input: child.stdout }).once("line", take);
    void ended.then(() => refuse(new Error("the pipeline did not start")));
  });
  return {
    ready: JSON.parse(line) as ReadyLine,
    async stop() {
      child.kill("SIGINT");
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Posts events in one request. @throws unless all are accepted */
export async function postEvents(ready: ReadyLine, events: readonly object[]): Promise<void> {
  const response = await fetch(`${ready.ingest}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${ready.apiKey}`, "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify(events),
  });
  const answer = (await response.json()) as { accepted?: number };
  if (answer.accepted !== events.length)
    throw new Error(`status ${response.status}: ${JSON.stringify(answer).slice(0, 300)}`);
}

/** The envelope of an event that happens now. */
export function envelope(type: string, id: string, subject: string) {
  const time = new Date().toISOString();
  return { specversion: "1.0", id, type, source: "/apps/driver/bench", time, subject };
}

/** Drivers as a fleet has them, drv_0 and so on: one in a hundred is so new that the pipeline does not know him yet. */
export async function postProfiles(ready: ReadyLine, drivers: number): Promise<void> {
  const known = Array.from({ length: drivers }, (_, i) => i).filter((i) => i % 97 !== 0);
  for (let from = 0; from < known.length; from += 500) {
    await postEvents(
      ready,
      known.slice(from, from + 500).map((i) => ({
        ...envelope("driver.profile", uuidv7(), `drv_${i}`),
        data: { driver_id: `drv_${i}`, name: `Driver ${i}`, rating: 4.8 },
      })),
    );
  }
}
