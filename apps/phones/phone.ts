import {
  type Client,
  createClient,
  type EventClass,
  fetchNetwork,
  memoryStorage,
  type Network,
  systemClock,
} from "../../client/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { AppEvent } from "../event.ts";
import { fateOf } from "../retry.ts";
import { asOldVersion, type Character, type Faults, oldSource, spoil } from "./faults.ts";

/** What phones have in common, and what they tell. */
export type PhoneParts = {
  readonly url: string;
  readonly key: string;
  readonly faults: Faults;
  readonly classes: Readonly<Record<string, EventClass>>;
  readonly flushIntervalMs: number;
  readonly timeoutMs: number;
  /** Everybody has a network for now. */
  readonly home: () => boolean;
  /** Nothing goes out any more. */
  readonly quit: AbortSignal;
  readonly wire: Wire;
  /** An event is stored; its time is that of the phone. Told once for each. */
  readonly onStored: (event: { readonly id: string; readonly type: string; readonly timeMs: number }) => void;
  readonly onRefused: (type: string, reason: { readonly code?: string; readonly message?: string }) => void;
  /** The server turns all that comes away. */
  readonly onFatal: (cause: unknown) => void;
};

/** What went over the wire, and what went wrong on purpose. */
export type Wire = {
  requests: number;
  retried: number;
  duplicates: number;
  lostAnswers: number;
  offlineRequests: number;
  bad: number;
};

export type Phone = {
  post(event: AppEvent): void;
  readonly client: Client<Record<string, object>>;
  readonly character: Character;
};

type Posted = { readonly id: string; readonly type: string; readonly time: string };
type Result = { readonly id?: string; readonly status?: string };

const meanOfflineMs = 15_000;

/** A phone with one app that has the SDK. Whatever happens to it happens outside of the SDK: to its network, its clock and its events. */
export function createPhone(parts: PhoneParts, source: string, character: Character): Phone {
  const { faults, quit, wire } = parts;
  const { random, clockMs, old } = character;
  const send = fetchNetwork();
  let back: () => void = () => undefined;
  let offline = false;
  /** Sent, and not known to have arrived. */
  const unheard = new Set<string>();

  const network: Network = async (request) => {
    if (quit.aborted) throw new Error("the phone is switched off");
    if (offline && !parts.home()) {
      wire.offlineRequests += 1;
      throw new Error("no network");
    }
    const posted = JSON.parse(request.body) as Posted[];
    wire.requests += 1;
    for (const { id } of posted) {
      if (unheard.has(id)) wire.retried += 1;
      else unheard.add(id);
    }
    const answer = await unlessAborted(send(request), quit);
    if (fateOf(answer.status) === "refused") {
      parts.onFatal(
        new PipelineError("apps_request_refused", {
          fields: { status: answer.status, message: answer.body.slice(0, 200) },
        }),
      );
    }
    if (random() < faults.lostAnswerShare) {
      wire.lostAnswers += 1;
      throw new Error("the answer was lost");
    }
    for (const [index, { id, status }] of resultsOf(answer.body).entries()) {
      const event = posted[index];
      if (event === undefined || event.id !== id || status === "retry") continue;
      unheard.delete(event.id);
      if (status === "duplicate") wire.duplicates += 1;
      if (status === "accepted" || status === "duplicate") {
        parts.onStored({ id: event.id, type: event.type, timeMs: Date.parse(event.time) });
      }
    }
    return answer;
  };

  function goOffline(): void {
    offline = true;
    after(-Math.log(1 - random()) * meanOfflineMs, goOnline);
  }

  function goOnline(): void {
    offline = false;
    back();
    after(-Math.log(1 - random()) * meanOfflineMs * (1 / faults.offlineShare - 1), goOffline);
  }

  function after(ms: number, act: () => void): void {
    if (!quit.aborted) setTimeout(act, ms).unref();
  }

  if (faults.offlineShare > 0) (random() < faults.offlineShare ? goOffline : goOnline)();
  const client = createClient({
    url: parts.url,
    key: parts.key,
    source: old ? oldSource(source) : source,
    storage: memoryStorage(),
    classes: parts.classes,
    network,
    random,
    clock: { ...systemClock, now: () => systemClock.now() + clockMs },
    lifecycle: {
      onLeave: () => () => undefined,
      onReturn(callback) {
        back = callback;
        return () => undefined;
      },
    },
    flushIntervalMs: parts.flushIntervalMs,
    timeoutMs: parts.timeoutMs,
    // The summary tells them; reports would be events that nobody counts as sent.
    reportDrops: false,
    onRefused: ({ type }, result) => parts.onRefused(type, result),
  });

  return {
    client,
    character,
    post(event) {
      const bad = random() < faults.badShare;
      if (bad) wire.bad += 1;
      const written = old ? { ...event, ...asOldVersion(event, source) } : event;
      const { type, data } = bad ? spoil({ ...event, data: { ...written.data } }, random) : written;
      client.track(type, data, event.subject);
    },
  };
}

function resultsOf(body: string): readonly Result[] {
  try {
    const { results } = JSON.parse(body) as { readonly results?: unknown };
    return Array.isArray(results) ? results : [];
  } catch {
    return [];
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error("the phone is switched off"));
    signal.addEventListener("abort", abort, { once: true });
    // Not left behind, or the signal would remember every request of the run.
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
