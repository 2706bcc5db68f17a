import { LRUCache } from "lru-cache";
import { createService, type Logger, type Metrics, messageOf, type Service } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import type { Queryable } from "../../store/index.ts";
import type { CityAt } from "./city-at.ts";
import { type Placed, readRule } from "./load-rules.ts";
import { bookOfFiles, openBook, type RuleBook, type Shelf } from "./rule-book.ts";
import { readStoredRules } from "./rule-store.ts";
import type { Rules } from "./rules.ts";

/** The rules of this process, which may be others at any moment. */
export type LiveRules = Service &
  Rules & {
    readonly shelf: Shelf;
    /** Those of now with what is left out. */
    readonly book: RuleBook;
    /** Whether those in the database are known. */
    readonly isRead: boolean;
    refresh(): Promise<void>;
    /** Called after each reading, also when nothing has changed. */
    onRead(heed: () => void): void;
  };

/** What is needed to understand rules that are kept. One that was understood is not compiled again. */
export function createShelf(files: readonly Placed[], catalogue: Catalogue, cityAt: CityAt): Shelf {
  const known = new LRUCache<string, Placed>({ max: 1_000 });
  return {
    files,
    read(name, text) {
      const key = JSON.stringify([name, text]);
      const placed = known.get(key) ?? readRule(name, text, catalogue, cityAt);
      known.set(key, placed);
      return placed;
    },
  };
}

type WatchParts = { readonly log: Logger; readonly metrics: Metrics };

const everyMs = 1_000;

/**
 * The rules of files and those in the database, read again every second. While the database does not answer, the last ones hold.
 * @throws PipelineError alert_rule_invalid when the files do not stand
 */
export function watchRules(db: Pick<Queryable, "query">, shelf: Shelf, { log, metrics }: WatchParts): LiveRules {
  const leftOut = metrics.gauge(
    "hailstream_stream_alert_rules_left_out",
    "Rules that were put by API and cannot be used any more; GET /alerts says why.",
  );
  let book = bookOfFiles(shelf);
  let isRead = false;
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  const heeds: (() => void)[] = [];

  async function read(): Promise<void> {
    const stored = await readStoredRules(db);
    // A reading that began earlier may end later.
    if (!isRead || stored.change > (book.rules.change ?? 0)) {
      const before = book;
      book = openBook(shelf, stored);
      isRead = true;
      tellProblems(before);
      leftOut.set(book.entries.filter(({ problem }) => problem !== undefined).length);
    }
    for (const heed of heeds) heed();
  }

  function tellProblems(before: RuleBook): void {
    const told = new Set(before.entries.map(({ problem }) => problem?.message));
    for (const { name, problem } of book.entries)
      if (problem !== undefined && !told.has(problem.message))
        log.warn({ rule: name, err: problem }, `an alert rule that was put by API is left out: ${problem.message}`);
  }

  function refresh(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function tick(): Promise<void> {
    try {
      await refresh();
      isAway = false;
    } catch (error) {
      // Once an outage.
      if (!isAway)
        log.warn({ err: error }, `the alert rules cannot be read now, the last ones hold: ${messageOf(error)}`);
      isAway = true;
    }
  }

  const service = createService({
    name: "alert rules",
    async start() {
      await tick();
      timer = setInterval(() => void tick(), everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await reading?.catch(() => undefined);
    },
  });
  return {
    ...{ ...service, shelf, refresh },
    onRead: (heed) => void heeds.push(heed),
    scopeOf: (rule, labels) => book.rules.scopeOf(rule, labels),
    get isRead() {
      return isRead;
    },
    get book() {
      return book;
    },
    get all() {
      return book.rules.all;
    },
    get byName() {
      return book.rules.byName;
    },
    get topics() {
      return book.rules.topics;
    },
    get change() {
      return book.rules.change ?? 0;
    },
  };
}
