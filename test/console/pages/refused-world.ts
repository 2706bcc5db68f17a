import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { expect } from "vitest";
import { createKey } from "../../../ingest/identity/keys-file.ts";
import { apiKeysFile } from "../../../local/index.ts";
import { exampleOf, loadCatalogue } from "../../../schemas/index.ts";
import { eventually } from "../../support/wait.ts";
import type { Stage } from "../stage.ts";

const catalogue = loadCatalogue();
export const iosApp = "/apps/rider/ios/6.1.2";

/** An event of the example of its type, with these changes of its data. */
export function eventOf(id: string, type: string, changes: Readonly<Record<string, unknown>> = {}, source = iosApp) {
  const data = { ...exampleOf(catalogue.types.get(type) as never), ...changes };
  return { specversion: "1.0", id, type, source, time: "2026-11-22T21:11:41.123Z", data };
}

/** Posts events in batches and gives the status of each. */
export async function post(
  { ready }: Stage,
  events: readonly object[],
  key = ready.apiKey,
  headers: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const statuses: string[] = [];
  for (let at = 0; at < events.length; at += 500) {
    const response = await fetch(`${ready.ingest}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/cloudevents-batch+json", ...headers },
      body: JSON.stringify(events.slice(at, at + 500)),
    });
    const { results } = (await response.json()) as { results?: { status: string }[] };
    statuses.push(...(results ?? []).map(({ status }) => status));
  }
  return statuses;
}

/** A stack that runs. */
type Stack = Pick<Stage, "ready" | "dataDir">;
const liveKeys = new WeakMap<Stack, Promise<string>>();

/** The key of apps in the field, whose wrong events go into quarantine; the stack's own is a developer's. */
export function liveKey(stage: Stack): Promise<string> {
  const key = liveKeys.get(stage) ?? makeLiveKey(stage);
  liveKeys.set(stage, key);
  return key;
}

async function makeLiveKey(stage: Stack): Promise<string> {
  const { text } = await createKey(
    apiKeysFile(stage.dataDir),
    { name: "rider-app", stage: "live", scopes: ["*"], mint: false },
    new Date(),
  );
  // The door reads the file again by itself.
  await eventually(
    async () => {
      const response = await fetch(`${stage.ready.ingest}/v1/events`, {
        ...{ method: "POST", body: "[]" },
        headers: { authorization: `Bearer ${text}`, "content-type": "application/cloudevents-batch+json" },
      });
      expect(response.status).not.toBe(401);
    },
    { everyMs: 200 },
  );
  return text;
}

/** A question to the stack's database, as its owner. */
export async function sql<R>(stage: Stage, text: string, params: readonly unknown[] = []): Promise<R[]> {
  const client = new pg.Client({ connectionString: stage.ready.postgres });
  await client.connect();
  try {
    return (await client.query(text, [...params])).rows as R[];
  } finally {
    await client.end();
  }
}

/**
 * Makes the table refuse events whose ids begin so, and posts them among others that it takes, so that the sink goes on.
 * @returns when all of them are dead letters
 */
export async function makeDeadLetters(stage: Stage, prefix: string, many: number): Promise<void> {
  await sql(
    stage,
    `alter table events.trip_rated add constraint "not_${prefix}" check (event_id not like '${prefix}-%') not valid`,
  );
  const events = Array.from({ length: many }, (_, n) => {
    const trip = { trip_id: `trp_${prefix}${n}`, comment: `personal words of ${n}` };
    return [eventOf(`${prefix}-${n}`, "trip.rated", trip), eventOf(`good-${prefix}-${n}`, "trip.rated", trip)];
  }).flat();
  expect(new Set(await post(stage, events))).toEqual(new Set(["accepted"]));
  await eventually(async () => expect(await openLetters(stage, prefix)).toBe(many), {
    timeoutMs: 240_000,
    everyMs: 250,
  });
}

export async function openLetters(stage: Stage, prefix: string): Promise<number> {
  const [row] = await sql<{ n: number }>(
    stage,
    "select count(*)::int as n from pipeline.dead_letters where state = 'open' and headers ->> 'ce_id' like $1",
    [`${prefix}-%`],
  );
  return row?.n ?? 0;
}

export const repair = (stage: Stage, prefix: string) =>
  sql(stage, `alter table events.trip_rated drop constraint if exists "not_${prefix}"`);

/** The key of the role view. */
export function viewKey({ dataDir }: Stage): string {
  const { console: keys } = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8")) as {
    console: { view: string };
  };
  return keys.view;
}
