import type { Numbers } from "../flow/read-metrics.ts";
import { lookAtStation } from "../flow/sources.ts";

type RateLook = { readonly at: number; readonly numbers: Numbers };

/** How many events of each type ingest accepts. */
export type IngestRates = {
  /** Events a minute by type, over the last minute at most; undefined: not known, or not yet. */
  read(): Promise<((type: string) => number) | undefined>;
};

const freshMs = 2_000;
const windowMs = 60_000;
const events = "hailstream_ingest_events_total";

/** Asks ingest when somebody asks, and compares with what it said up to a minute before. @param url undefined: there is no ingest to ask */
export function createIngestRates(url: string | undefined): IngestRates {
  let looks: RateLook[] = [];
  let underWay: Promise<void> | undefined;

  async function look(station: string): Promise<void> {
    const { at, numbers } = await lookAtStation({ name: "ingest", url: station });
    if (numbers === undefined) looks = [];
    else looks = [...looks.filter((each) => at - each.at <= windowMs), { at, numbers }];
  }

  return {
    async read() {
      if (url === undefined) return undefined;
      if (Date.now() - (looks.at(-1)?.at ?? 0) > freshMs) {
        underWay ??= look(url).finally(() => {
          underWay = undefined;
        });
        await underWay;
      }
      return ratesOf(looks);
    },
  };
}

/** Undefined with one look only, or when the process is another one than before. @param looks oldest first */
export function ratesOf(looks: readonly RateLook[]): ((type: string) => number) | undefined {
  const now = looks.at(-1);
  if (now === undefined) return undefined;
  const started = now.numbers.sum("process_start_time_seconds");
  const before = looks.find(({ numbers }) => numbers.sum("process_start_time_seconds") === started);
  if (before === undefined || before.at >= now.at) return undefined;
  const minutes = (now.at - before.at) / 60_000;
  return (type) => {
    const accepted = (numbers: Numbers) => numbers.sum(events, { type, result: "accepted" });
    return Math.max(0, accepted(now.numbers) - accepted(before.numbers)) / minutes;
  };
}
