import { createService, type Logger, messageOf, PipelineError, type Service } from "../runtime/index.ts";
import { type EventResult, type Reason, readProblem, readResults } from "./answers.ts";
import type { AppEventType, KeyedEvent } from "./event.ts";
import type { HttpClient } from "./http-client.ts";
import type { Random } from "./random.ts";
import { fateOf, pause, retryDelayMs } from "./retry.ts";

/** Counts of events; `sent` = `accepted` + `rejected` + those without an answer yet. */
export type Tally = {
  /** Distinct events handed over; an event that goes twice over the wire counts once. */
  readonly sent: number;
  /** Stored by the server, the quarantined ones among them. */
  readonly accepted: number;
  readonly quarantined: number;
  readonly rejected: number;
  /** Events that went over the wire again, once for each time. */
  readonly retried: number;
  readonly requests: number;
};

/** One event that the server turned away for good. */
export type Rejection = { readonly id: string; readonly type: AppEventType; readonly reason: Reason };

/** Posts events in batches; see {@link createLanes}. */
export type Lanes = Service & {
  /** Hands an event over; it goes out as soon as its lane is free. Do not call again before {@link Lanes.room} resolves. */
  submit(event: KeyedEvent): void;
  /** Resolves when there is room for more, which bounds the memory. @throws PipelineError apps_request_refused */
  room(): Promise<void>;
  /** Resolves when every event has its answer. @throws PipelineError apps_request_refused */
  drain(): Promise<void>;
  readonly tally: Tally;
  /** The first few. */
  readonly rejections: readonly Rejection[];
};

type Waiting = { readonly keyed: KeyedEvent; readonly text: string };

const shownRejections = 10;
const maxBatchBytes = 512 * 1024;

/**
 * Several connections that keep the order of each key: a key belongs to one lane for ever, and a lane has one request
 * under way. Whatever does not get an answer is sent again with the same id until it does, so that nothing is lost, and
 * before anything behind it in its lane, so that nothing overtakes.
 *
 * `stop` gives requests under way `graceMs` to be answered and leaves the rest unanswered.
 */
export function createLanes(p: {
  readonly client: HttpClient;
  readonly lanes: number;
  readonly batchSize: number;
  readonly random: Random;
  readonly log: Logger;
  readonly maxWaiting?: number;
  readonly graceMs?: number;
  /** Called once for each event that the server has stored, in no order. */
  readonly onAccepted?: (event: KeyedEvent) => void;
}): Lanes {
  const maxWaiting = p.maxWaiting ?? p.lanes * p.batchSize * 4;
  const tally = { sent: 0, accepted: 0, quarantined: 0, rejected: 0, retried: 0, requests: 0 };
  const rejections: Rejection[] = [];
  const queues: Waiting[][] = Array.from({ length: p.lanes }, () => []);
  const running = new Set<Promise<void>>();
  const busy = new Set<number>();
  const quit = new AbortController();
  const cut = new AbortController();
  let waiting = 0;
  let failure: unknown;
  let failService: (cause: unknown) => void = () => undefined;
  let wakers: (() => void)[] = [];

  const wake = () => {
    const all = wakers;
    wakers = [];
    for (const waker of all) waker();
  };
  const until = async (isEnough: () => boolean) => {
    while (failure === undefined && !quit.signal.aborted && !isEnough()) {
      await new Promise<void>((resolve) => wakers.push(resolve));
    }
    if (failure !== undefined) throw failure;
  };

  function settle(sent: Waiting, result: EventResult): void {
    waiting -= 1;
    if (result.fate === "rejected") {
      tally.rejected += 1;
      const { id, type } = sent.keyed.event;
      if (rejections.length < shownRejections) {
        rejections.push({ id, type, reason: result.reason ?? { code: "unknown" } });
      }
      return;
    }
    tally.accepted += 1;
    if (result.fate === "quarantined") tally.quarantined += 1;
    p.onAccepted?.(sent.keyed);
  }

  /** One request; returns the events that must go again, and how long the server asked to wait. */
  async function post(
    batch: readonly Waiting[],
  ): Promise<{ again: readonly Waiting[]; retryAfterMs?: number | undefined }> {
    tally.requests += 1;
    const answer = await p.client
      .post(`[${batch.map((one) => one.text).join(",")}]`, cut.signal)
      .catch((error: unknown) => {
        p.log.debug({ err: error }, "no answer");
        return undefined;
      });
    if (answer === undefined) return { again: batch };
    const fate = fateOf(answer.status);
    if (fate === "refused") {
      const { code, message } = readProblem(answer);
      throw new PipelineError("apps_request_refused", { fields: { status: answer.status, code, message } });
    }
    if (fate === "split") {
      const [only] = batch;
      if (batch.length > 1 || only === undefined) return postHalves(batch);
      settle(only, { fate: "rejected", reason: readProblem(answer) });
      return { again: [] };
    }
    // A 503 may have results as well: some topics took their events and others did not.
    const results = readResults(answer, batch.length);
    const again = batch.filter((one, index) => {
      const result = results[index] ?? { fate: "retry" };
      if (result.fate !== "retry") settle(one, result);
      return result.fate === "retry";
    });
    return { again, retryAfterMs: answer.retryAfterMs };
  }

  async function postHalves(batch: readonly Waiting[]) {
    const middle = Math.ceil(batch.length / 2);
    const first = await post(batch.slice(0, middle));
    // The second half may hold a later event of a key that is still waiting in the first.
    if (first.again.length > 0) return { ...first, again: [...first.again, ...batch.slice(middle)] };
    return post(batch.slice(middle));
  }

  async function run(lane: number): Promise<void> {
    const queue = queues[lane] ?? [];
    while (queue.length > 0 && !quit.signal.aborted) {
      let batch: readonly Waiting[] = takeBatch(queue, p.batchSize);
      for (let attempt = 1; batch.length > 0; attempt += 1) {
        const { again, retryAfterMs } = await post(batch);
        batch = again;
        wake();
        if (again.length === 0) break;
        await pause(retryDelayMs({ attempt, retryAfterMs }, p.random), quit.signal);
        if (quit.signal.aborted) return;
        tally.retried += again.length;
      }
    }
  }

  function kick(lane: number): void {
    if (busy.has(lane) || quit.signal.aborted) return;
    busy.add(lane);
    const done = run(lane)
      .catch((error: unknown) => {
        failure ??= error;
        p.log.debug({ err: error }, `lane ended: ${messageOf(error)}`);
        quit.abort();
        failService(error);
      })
      .finally(() => {
        busy.delete(lane);
        running.delete(done);
        // An event may have come between the lane's last look at its queue and now.
        if (queues[lane]?.length !== 0) kick(lane);
        wake();
      });
    running.add(done);
  }

  const service = createService({
    name: "lanes",
    start: (fail) => {
      failService = fail;
    },
    async stop() {
      quit.abort();
      const timer = setTimeout(() => cut.abort(), p.graceMs ?? 700);
      wake();
      await Promise.all(running);
      clearTimeout(timer);
      p.client.close();
    },
  });

  return Object.assign(service, {
    tally,
    rejections,
    submit(keyed: KeyedEvent) {
      const lane = laneOf(keyed.key, p.lanes);
      queues[lane]?.push({ keyed, text: JSON.stringify(keyed.event) });
      tally.sent += 1;
      waiting += 1;
      // The first of a burst would go alone if its request began at once.
      if (!busy.has(lane)) queueMicrotask(() => kick(lane));
    },
    room: () =>
      waiting < maxWaiting && failure === undefined ? Promise.resolve() : until(() => waiting < maxWaiting / 2),
    drain: () => until(() => waiting === 0),
  });
}

function takeBatch(queue: Waiting[], size: number): readonly Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const one of queue) {
    bytes += one.text.length + 1;
    if (count === size || (count > 0 && bytes > maxBatchBytes)) break;
    count += 1;
  }
  return queue.splice(0, count);
}

/** FNV-1a over the key's characters: spreads well, and the same key always finds the same lane. */
export function laneOf(key: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}
