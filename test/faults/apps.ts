import { setTimeout as sleep } from "node:timers/promises";
import { createHttpClient, type HttpClient } from "../../apps/http-client.ts";
import { profileEvents } from "../../apps/reference.ts";
import type { AnswerStatus, Attempt } from "../../audit/index.ts";
import { type AppEvent, createApp } from "./events.ts";

export type Apps = {
  /** Begins to send; resolves when every event has its last answer. */
  run(durationMs: number): Promise<void>;
  /** Sends no new events any more. */
  stop(): void;
  /** Until called off, half of all events are of one app. */
  heat(on: boolean): void;
  /** Until called off, events are hours or days old. */
  late(on: boolean): void;
  /** Sends events that are stored already again, a hundred times each, through all doors. */
  repeat(): Promise<void>;
  /** All tries, in their order. */
  readonly attempts: readonly Attempt[];
  /** Events in the order in which their app made them, with their types. */
  readonly made: readonly (AppEvent & { readonly request: number })[];
  /** Events that are stored for all that their app knows. */
  readonly accepted: number;
  /** Answers that no valid event may get. */
  readonly refused: readonly string[];
  /** Gives up, whatever has no answer. */
  close(): void;
};

const appCount = 24;
/** So many of them have one door only, and take its word that an event lies on its disk. */
const faithfulCount = 2;
/** An app collects for so long before it posts. */
const collectMs = 250;
const largestBatch = 400;
const timeoutMs = 8_000;
const pauseMs = 150;

type Answer = {
  readonly results: readonly { readonly index: number; readonly status: AnswerStatus; readonly code?: string }[];
};

/**
 * Drivers' apps as they are: each sends its events in their order, a batch at a time, to one door until that fails and then to another, and again under the
 * same ids until it has an answer. Nothing new goes before what is to be sent again.
 *
 * An event that lies on the disk of one door has no order with what comes through another. So the apps that go to another door want to hear that Kafka has what
 * they sent; a few stay with the last door, whatever happens, and are content with its disk.
 */
export function createApps(p: {
  readonly seed: number;
  readonly events: number;
  readonly doors: readonly string[];
  readonly apiKey: string;
}): Apps {
  const clientOf = (url: string, headers: Readonly<Record<string, string>>) =>
    createHttpClient({ url, apiKey: p.apiKey, connections: 64, timeoutMs, headers });
  const clients = p.doors.map((url) => clientOf(url, { prefer: "durability=replicated" }));
  const faithful = clientOf(p.doors.at(-1) as string, {});
  const isFaithful = (number: number) => number >= appCount - faithfulCount;
  const attempts: Attempt[] = [];
  const made: (AppEvent & { readonly request: number })[] = [];
  const refused: string[] = [];
  /** What Kafka has. */
  const done: AppEvent[] = [];
  let accepted = 0;
  let stopped = false;
  let closed = false;
  let hot = false;
  let areLate = false;
  let requests = 0;

  /** One request; gives the events that are to be sent again. */
  async function post(client: HttpClient, events: readonly AppEvent[]): Promise<readonly AppEvent[]> {
    const sentAt = performance.now();
    const answer = await client
      .post(JSON.stringify(events.map(({ body }) => body)))
      .then(({ body }) => JSON.parse(body) as Partial<Answer>)
      .catch(() => undefined);
    const at = performance.now();
    // No answer, or one of the whole request: a problem, which says of no event that it is stored.
    const results = new Map((answer?.results ?? []).map((each) => [each.index, each]));
    return events.filter(({ key, body: { id } }, index) => {
      const result = results.get(index);
      attempts.push({ id, key, sentAt, ...(result === undefined ? {} : { answer: { status: result.status, at } }) });
      if (result?.status === "rejected" || result?.status === "quarantined") refused.push(`${id}: ${result.code}`);
      return result === undefined || result.status === "retry";
    });
  }

  async function untilAnswered(events: readonly AppEvent[], number: number): Promise<void> {
    let door = number;
    for (let left = events; left.length > 0 && !closed; ) {
      const client = isFaithful(number) ? faithful : (clients[door % clients.length] as HttpClient);
      const again = await post(client, left);
      if (again.length > 0) {
        door += 1;
        await sleep(pauseMs);
      }
      left = again;
    }
    accepted += events.length;
    if (!isFaithful(number)) done.push(...events);
  }

  async function live(number: number, durationMs: number): Promise<void> {
    const app = createApp(`f${p.seed}-${number}`, p.seed, number);
    const began = performance.now();
    let owed = 0;
    let last = began;
    while (!stopped && made.length < p.events) {
      await sleep(collectMs);
      const now = performance.now();
      const perSecond = (p.events * 1_000) / durationMs;
      const share = !hot ? 1 / appCount : number === 0 ? 0.5 : 0.5 / (appCount - 1);
      owed += ((now - last) / 1_000) * perSecond * share;
      last = now;
      const count = Math.min(Math.floor(owed), largestBatch, p.events - made.length);
      if (count <= 0) continue;
      owed -= count;
      const request = requests++;
      const batch = Array.from({ length: count }, () => app.next(areLate));
      for (const event of batch) made.push({ ...event, request });
      await untilAnswered(batch, number);
    }
  }

  return {
    async run(durationMs) {
      await untilAnswered(profilesOf(p.seed), 0);
      attempts.length = 0;
      done.length = 0;
      accepted = 0;
      await Promise.all(Array.from({ length: appCount }, (_, number) => live(number, durationMs)));
    },
    stop() {
      stopped = true;
    },
    heat(on) {
      hot = on;
    },
    late(on) {
      areLate = on;
    },
    async repeat() {
      const few = done.slice(-20);
      for (let round = 0; round < 100; round++) await post(clients[round % clients.length] as HttpClient, few);
    },
    attempts,
    made,
    get accepted() {
      return accepted;
    },
    refused,
    close() {
      stopped = true;
      closed = true;
      for (const client of [...clients, faithful]) client.close();
    },
  };
}

/** Without a profile each event would be held back for it. */
function profilesOf(seed: number): readonly AppEvent[] {
  return Array.from({ length: appCount }, (_, number) => {
    const name = `f${seed}-${number}`;
    const ids = { driverId: `drv_${name}`, vehicleId: `veh_${name}`, homeCityId: "cty_nyc" };
    const idOf = (type: string, key: string) => `${type}-${key}`;
    return profileEvents({ number, ...ids, timeMs: Date.now() - 96 * 3_600_000, idOf });
  })
    .flat()
    .map(({ key, event }) => ({ key, body: event as AppEvent["body"] }));
}
