import {
  createService,
  type ErrorCode,
  errorTable,
  type Logger,
  type Metrics,
  type Service,
} from "../../runtime/index.ts";
import { describe } from "../events/read-envelope.ts";
import type { Accepted, Refused, Verdict } from "../events/verdict.ts";
import { createEventWords, type EventWords, sameContent } from "./event-words.ts";
import { IdWindow, wordsPerId } from "./id-window.ts";
import { type Journal, openJournal } from "./journal.ts";
import { WindowClock } from "./window-clock.ts";

/** Was it here before: events whose ids were accepted lately are not stored again. */
export type Duplicates = Service & {
  /**
   * Runs `store` for the accepted events that are new. One that was accepted before becomes `duplicate`; one whose id belongs to another
   * event becomes `quarantined` with `id_conflict`. Remembered is only what is still `accepted` when `store` resolves. An event whose like is
   * being stored at this moment, by another request or further up in the same one, shares its fate: `duplicate` or `retry`.
   * Rejects when `store` does.
   */
  storeOnce(verdicts: Verdict[], store: () => Promise<unknown>): Promise<void>;
  /** Takes every event that comes from now on for a new one. What a journal holds is known again after a restart. */
  forget(): void;
};

export type DuplicateParts = {
  readonly windowIds: number;
  readonly windowMs: number;
  /** Where the window survives a restart; without it, it lives in memory only. */
  readonly dir?: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

/** The new events of a request while they are being stored: one position of the window after the other. */
type Flight = {
  readonly start: number;
  /** Which of the verdicts is at each position. */
  readonly indexes: readonly number[];
  /** What became of those that were not stored. */
  failed: Map<number, ErrorCode> | undefined;
  /** Made when somebody waits. */
  settled: Promise<void> | undefined;
  settle: (() => void) | undefined;
};

/** An event whose like is in a flight. */
type Follower = { readonly index: number; readonly flight: Flight; readonly position: number };

/** Between two writes of the journal, and two looks at the clock. */
const tickMs = 50;

/** Ids of the journal that are looked up together, as {@link IdWindow.touch} wants it. */
const loadedTogether = 64;

/** Needs `start` before the first request: it loads the hash and the window of the last run. Its journal's directory is this process's alone. */
export function createDuplicates(parts: DuplicateParts): Duplicates {
  const { log, now = Date.now } = parts;
  const sizes = parts.metrics.gauge(
    "hailstream_ingest_duplicate_window_ids",
    "Ids by which duplicates are recognised.",
  );
  const lost = parts.metrics.counter(
    "hailstream_ingest_duplicate_journal_lost_ids_total",
    "Ids that are not on disk because of an error, and so will not be known after a restart.",
  );
  const window = new IdWindow(parts.windowIds);
  const clock = new WindowClock(parts.windowMs);
  /** The flights under way, the oldest first. */
  const flights: Flight[] = [];
  let words: EventWords;
  let journal: Journal | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** The words and the indexes of the request that is looked at. */
  let scratch = new Uint32Array(128 * wordsPerId);
  let candidates = new Uint32Array(128);

  function tick(): void {
    clock.mark(window.head, now());
    window.forgetBefore(clock.firstWithin(now()));
    sizes.set(window.size);
    void journal?.flush();
  }

  async function load(dir: string): Promise<void> {
    const begin = performance.now();
    journal = await openJournal({
      dir,
      windowIds: parts.windowIds,
      windowMs: parts.windowMs,
      log,
      now,
      onBlock(block, time) {
        for (let from = 0; from < block.length; from += loadedTogether * wordsPerId) {
          const some = block.subarray(from, from + loadedTogether * wordsPerId);
          window.touch(some, some.length / wordsPerId);
          for (let at = 0; at < some.length; at += wordsPerId) window.findOrAdd(some, at);
        }
        clock.mark(window.head, time);
      },
      onLost: (ids) => lost.inc(ids),
    });
    const ms = Math.round(performance.now() - begin);
    log.info({ ids: window.size, ms }, "the window of duplicates is loaded");
  }

  /** Writes down what is in the accepted events; gives their number. */
  function readWords(verdicts: readonly Verdict[]): number {
    if (candidates.length < verdicts.length) {
      candidates = new Uint32Array(verdicts.length);
      scratch = new Uint32Array(verdicts.length * wordsPerId);
    }
    let count = 0;
    for (let index = 0; index < verdicts.length; index++) {
      const verdict = verdicts[index] as Verdict;
      if (verdict.outcome !== "accepted") continue;
      const { id, type, schemaId, occurredAt, record } = verdict;
      words.read(id, type.name, schemaId, occurredAt, record.value ?? nothing, scratch, count * wordsPerId);
      candidates[count++] = index;
    }
    return count;
  }

  function recognise(verdicts: Verdict[]): { readonly flight: Flight; readonly followers: readonly Follower[] } {
    const count = readWords(verdicts);
    if (count > 1) window.touch(scratch, count);
    const indexes: number[] = [];
    const flight: Flight = { start: window.head, indexes, failed: undefined, settled: undefined, settle: undefined };
    let followers: Follower[] | undefined;
    for (let i = 0; i < count; i++) {
      const at = i * wordsPerId;
      const index = candidates[i] as number;
      const position = window.findOrAdd(scratch, at);
      if (position < 0) {
        indexes.push(index);
        continue;
      }
      const [word4, word5] = [scratch[at + 4] as number, scratch[at + 5] as number];
      const verdict = verdicts[index] as Accepted;
      if (!sameContent(window.wordAt(position, 4), window.wordAt(position, 5), word4, word5)) {
        verdicts[index] = conflict(verdict);
        continue;
      }
      verdicts[index] = { outcome: "duplicate", id: verdict.id, type: verdict.type, schemaId: verdict.schemaId };
      const leader = position >= flight.start ? flight : flightWith(position);
      if (leader === undefined) continue;
      followers ??= [];
      followers.push({ index, flight: leader, position });
    }
    if (indexes.length > 0) flights.push(flight);
    return { flight, followers: followers ?? none };
  }

  function flightWith(position: number): Flight | undefined {
    if (position < (flights[0]?.start ?? Number.POSITIVE_INFINITY)) return undefined;
    return flights.find(({ start, indexes }) => position >= start && position < start + indexes.length);
  }

  /** Remembers what is stored and forgets what is not. @param verdicts undefined: nothing is stored */
  function settle(flight: Flight, verdicts: readonly Verdict[] | undefined): void {
    const { start, indexes } = flight;
    if (indexes.length === 0) return;
    flights.splice(flights.indexOf(flight), 1);
    for (let i = 0; i < indexes.length; i++) {
      const verdict = verdicts?.[indexes[i] as number];
      const position = start + i;
      if (verdict?.outcome !== "accepted") {
        flight.failed ??= new Map();
        flight.failed.set(position, verdict?.outcome === "retry" ? verdict.code : "kafka_produce_failed");
        window.remove(position);
      } else if (journal !== undefined && position >= window.tail) {
        journal.append(window.events, window.offsetOf(position));
      }
    }
    flight.settle?.();
  }

  async function follow({ index, flight, position }: Follower, verdicts: Verdict[]): Promise<void> {
    if (flights.includes(flight)) {
      flight.settled ??= new Promise((resolve) => {
        flight.settle = resolve;
      });
      await flight.settled;
    }
    const code = flight.failed?.get(position);
    if (code === undefined) return;
    const { id, type } = verdicts[index] as Accepted;
    verdicts[index] = { outcome: "retry", id, type, code };
  }

  const service = createService({
    name: "duplicates",
    async start() {
      words = await createEventWords();
      if (parts.dir === undefined) {
        log.info("the window of duplicates lives in memory only: without --ingest-data-dir a restart forgets it");
      } else await load(parts.dir);
      tick();
      timer = setInterval(tick, tickMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await journal?.close();
    },
  });
  return {
    ...service,
    forget: () => window.forgetBefore(window.head),
    async storeOnce(verdicts, store) {
      const { flight, followers } = recognise(verdicts);
      try {
        await store();
      } catch (error) {
        settle(flight, undefined);
        throw error;
      }
      settle(flight, verdicts);
      for (const follower of followers) await follow(follower, verdicts);
    },
  };
}

const nothing = Buffer.alloc(0);
const none: readonly Follower[] = [];

function conflict({ id, type, schemaId }: Accepted): Refused {
  const violation = {
    code: "id_conflict",
    pointer: "/id",
    expected: "an id that no other event has",
    got: describe(id),
    message: errorTable.id_conflict.title,
  } as const;
  return { outcome: "quarantined", id, type, schemaId, violations: [violation] };
}
