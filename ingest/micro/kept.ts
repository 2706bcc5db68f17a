import type { Outcome } from "../events/verdict.ts";

/** What became of an event; `refused`: its request was, as a whole. */
export type MicroStatus = Outcome | "refused";

/** One event, or one request that was refused, with what it is found by. */
export type Kept = {
  /** Its place among all that came since the start; a reset does not begin anew. */
  readonly sequence: number;
  readonly status: MicroStatus;
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
  readonly key?: string | undefined;
  readonly code?: string | undefined;
  /** All of it, as JSON. */
  readonly json: Buffer;
};

export type Group = "all" | "good" | "bad";

/** Which events are wanted; what is left out does not matter. */
export type Filter = Partial<Pick<Kept, "id" | "type" | "subject" | "key" | "code">> & {
  readonly status?: MicroStatus | undefined;
  /** Only those that came behind this one. */
  readonly after?: number | undefined;
};

/** What came since the last reset, kept or not. */
export type Counts = Readonly<Record<"total" | "good" | "bad" | "quarantined" | "duplicate" | "retry", number>> & {
  readonly kept: number;
  /** Came, and was pushed out by what came later. */
  readonly dropped: number;
};

/** The last events, up to a number and a size: the oldest make room. */
export type KeptEvents = {
  /** Gives the number that the next event gets. */
  readonly next: number;
  add(event: Kept): void;
  counts(): Counts;
  /** The oldest first. */
  list(group: Group, filter: Filter): Kept[];
  /** Resolves once so many events match, those that are kept now and those that come; at the latest when `signal` says so, or after `release`. */
  wait(group: Group, filter: Filter, count: number, signal: AbortSignal): Promise<void>;
  /** Forgets all events and counts. */
  reset(): void;
  /** Lets nobody wait from now on. */
  release(): void;
};

export type KeptLimits = { readonly maxEvents: number; readonly maxBytes: number };

type Waiter = { readonly group: Group; readonly filter: Filter; readonly count: number; found: number; done(): void };

const groups: Readonly<Record<MicroStatus, Group | undefined>> = {
  accepted: "good",
  rejected: "bad",
  quarantined: "bad",
  refused: "bad",
  duplicate: undefined,
  retry: undefined,
};

export function createKeptEvents({ maxEvents, maxBytes }: KeptLimits): KeptEvents {
  /** By number, so the first is the oldest. */
  const events = new Map<number, Kept>();
  const waiters = new Set<Waiter>();
  let counts = noCounts();
  let bytes = 0;
  let next = 1;
  let released = false;

  function drop(event: Kept): void {
    events.delete(event.sequence);
    bytes -= event.json.length;
    counts.dropped++;
  }

  function list(group: Group, filter: Filter): Kept[] {
    return [...events.values()].filter((event) => matches(event, group, filter));
  }

  return {
    get next() {
      return next;
    },
    add(event) {
      next = event.sequence + 1;
      events.set(event.sequence, event);
      bytes += event.json.length;
      counts.total++;
      const group = groups[event.status];
      if (group === "good" || group === "bad") counts[group]++;
      const { status } = event;
      if (status === "quarantined" || status === "duplicate" || status === "retry") counts[status]++;
      for (const oldest of events.values()) {
        if (events.size <= maxEvents && bytes <= maxBytes) break;
        drop(oldest);
      }
      for (const waiter of waiters) {
        if (matches(event, waiter.group, waiter.filter) && ++waiter.found >= waiter.count) waiter.done();
      }
    },
    counts: () => ({ ...counts, kept: events.size }),
    list,
    wait(group, filter, count, signal) {
      return new Promise((resolve) => {
        const found = list(group, filter).length;
        if (found >= count || released || signal.aborted) return resolve();
        const waiter: Waiter = {
          ...{ group, filter, count, found },
          done() {
            waiters.delete(waiter);
            signal.removeEventListener("abort", waiter.done);
            resolve();
          },
        };
        waiters.add(waiter);
        signal.addEventListener("abort", waiter.done);
      });
    },
    reset() {
      events.clear();
      bytes = 0;
      counts = noCounts();
      for (const waiter of waiters) waiter.found = 0;
    },
    release() {
      released = true;
      for (const waiter of waiters) waiter.done();
    },
  };
}

function matches(event: Kept, group: Group, { after = 0, ...wanted }: Filter): boolean {
  if (event.sequence <= after || (group !== "all" && groups[event.status] !== group)) return false;
  return Object.entries(wanted).every(([name, value]) => value === undefined || event[name as keyof Kept] === value);
}

function noCounts() {
  return { total: 0, good: 0, bad: 0, quarantined: 0, duplicate: 0, retry: 0, dropped: 0 };
}
