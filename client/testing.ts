import { differencesOf, short } from "./testing/difference.ts";
import type { AnyEvent, BadEvent, Counts, GoodEvent, Page } from "./testing/events.ts";
import { badLines, MicroMismatch, maxListed, mismatch } from "./testing/mismatch.ts";
import { findProcess, type MicroProcess, startProcess } from "./testing/process.ts";
import type { Wanted } from "./testing/wanted.ts";

export type { AnyEvent, BadEvent, Counts, GoodEvent, Reason, SentEvent } from "./testing/events.ts";
export { MicroMismatch } from "./testing/mismatch.ts";
export type { Part, Wanted } from "./testing/wanted.ts";

/** What calls before and after tests: the module of vitest, as it is imported by `* as vitest`, or of another library with these names. */
export type Hooks = {
  readonly beforeEach: (hook: () => Promise<void>) => unknown;
  readonly afterEach: (hook: () => Promise<void>) => unknown;
  readonly afterAll?: (hook: () => Promise<void>) => unknown;
};

export type StartOptions = {
  /** A micro that runs already, as a service of CI does. Without it one is started, on a free port. */
  readonly url?: string | undefined;
  /** How hailstream is called; `npx --no hailstream` if nothing is said. */
  readonly command?: readonly string[];
  /** Further flags of `hailstream micro`, such as `["--schemas-dir", "schemas"]`. */
  readonly flags?: readonly string[];
  /** Until it is ready; 30 s, which it needs only where everything is slow. */
  readonly startTimeoutMs?: number;
  /** How long `good` and `bad` wait; 4 s, less than a test of vitest has. */
  readonly timeoutMs?: number;
  /** With them everything is reset before each test, a test fails when an event was bad that it did not ask for, and micro stops at the end. */
  readonly hooks?: Hooks;
};

/** A running `hailstream micro`. What was answered to an app is in it already, so nothing need be waited for after a flush. */
export type Micro<Events extends { readonly [K in keyof Events]: object } = Record<string, object>> = {
  /** For the `url` of `createClient`; any key will do. */
  readonly url: string;
  /** Waits until `count` good events match, and gives all that do. @throws MicroMismatch which tells what came instead */
  good<T extends keyof Events & string>(wanted?: Wanted<T, Events[T]>): Promise<readonly GoodEvent<Events[T]>[]>;
  /** The same of bad ones: rejected, quarantined, or in a request that was refused as a whole. */
  bad(wanted?: Wanted): Promise<readonly BadEvent[]>;
  /** What there is now, also duplicates; waits for nothing. */
  all(wanted?: Wanted): Promise<readonly AnyEvent[]>;
  counts(): Promise<Counts>;
  /** @throws MicroMismatch with what is wrong with each, when there are bad events */
  noBad(): Promise<void>;
  /** Forgets all events, also as the ids by which duplicates are recognised. */
  reset(): Promise<void>;
  /** Ends what `startMicro` started. */
  stop(): Promise<void>;
};

/** Servers answer after this time at the latest, and are asked again. */
const maxWaitMs = 10_000;

/** Starts `hailstream micro`, or uses one that runs. `Events` are the data of each event type, as generated code has them. */
export async function startMicro<Events extends { readonly [K in keyof Events]: object } = Record<string, object>>(
  options: StartOptions = {},
): Promise<Micro<Events>> {
  const { startTimeoutMs = 30_000, command = ["npx", "--no", "hailstream"], flags = [] } = options;
  const process =
    options.url === undefined
      ? await startProcess(command, flags, startTimeoutMs)
      : await findProcess(options.url.replace(/\/+$/, ""), startTimeoutMs);
  const { micro, wasAskedForBad } = connect<Events>(process, options.timeoutMs ?? 4_000);
  const { hooks } = options;
  hooks?.beforeEach(() => micro.reset());
  hooks?.afterEach(async () => {
    if (!wasAskedForBad()) await micro.noBad();
  });
  hooks?.afterAll?.(() => micro.stop());
  return micro;
}

function connect<Events extends { readonly [K in keyof Events]: object }>(
  { url, stop }: MicroProcess,
  standardTimeoutMs: number,
): { readonly micro: Micro<Events>; readonly wasAskedForBad: () => boolean } {
  let askedForBad = false;

  async function ask<E>(group: string, query: Readonly<Record<string, string | number | undefined>>): Promise<Page<E>> {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
    const response = await fetch(`${url}/micro/${group}?${given}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`micro refuses to tell of ${group} events: ${refusalOf(text)}`);
    return JSON.parse(text) as Page<E>;
  }

  /** All that match now or until `count` do, or the time is over. */
  async function gather<E>(group: string, wanted: Wanted, count: number, timeoutMs: number): Promise<E[]> {
    const { type, id, subject, key, code, status, data } = wanted;
    const filter = { type, id, subject, key, code, status };
    const deadline = Date.now() + timeoutMs;
    const found: E[] = [];
    for (let after = 0; ; ) {
      const left = found.length < count ? Math.max(0, deadline - Date.now()) : 0;
      const page = await ask<AnyEvent>(group, { ...filter, after, wait_ms: Math.min(left, maxWaitMs) });
      for (const event of page.events) {
        const fits = data === undefined || differencesOf(data, event.event?.data).length === 0;
        if (fits) found.push(event as E);
      }
      after = page.events.at(-1)?.sequence ?? after;
      const isLast = page.events.length === page.matching;
      if (isLast && (found.length >= count || Date.now() >= deadline)) return found;
    }
  }

  async function wait<E>(group: "good" | "bad", wanted: Wanted): Promise<E[]> {
    const { count = 1, timeoutMs = standardTimeoutMs } = wanted;
    const found = await gather<E>(group, wanted, count, timeoutMs);
    if (found.length >= count) return found;
    const page = await ask<AnyEvent>("all", { limit: 10_000 });
    throw mismatch(group, wanted, found as AnyEvent[], page, timeoutMs);
  }

  const micro: Micro<Events> = {
    url,
    good: (wanted = {}) => wait("good", wanted as Wanted),
    async bad(wanted = {}) {
      askedForBad = true;
      return wait("bad", wanted);
    },
    all: async (wanted = {}) => gather("all", wanted, 0, 0),
    counts: async () => {
      const { matching: _matching, events: _events, ...counts } = await ask("all", { limit: 1 });
      return counts;
    },
    async noBad() {
      const { bad, events } = await ask<BadEvent>("bad", { limit: maxListed });
      if (bad > 0) throw new MicroMismatch(`Expected no bad events, got ${bad}:\n${badLines(events, bad)}`);
    },
    async reset() {
      askedForBad = false;
      const response = await fetch(`${url}/micro/reset`, { method: "POST" });
      if (!response.ok) throw new Error(`micro was not reset: HTTP ${response.status}`);
      await response.text();
    },
    stop,
  };
  return { micro, wasAskedForBad: () => askedForBad };
}

function refusalOf(text: string): string {
  try {
    const { detail, fields } = JSON.parse(text) as { detail?: string; fields?: object };
    return `${short(fields)} ${detail}`;
  } catch {
    return text.slice(0, 200);
  }
}
