import { setTimeout as delay } from "node:timers/promises";
import type { KafkaConnection } from "../../kafka/index.ts";
import { createService, type Service } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import { boxesOf, windowMs } from "./boxes.ts";
import { findingsOf } from "./findings.ts";
import { lagsToShow } from "./lags.ts";
import type { KafkaLook, LagLook, LettersLook, Look, PostgresLook, StationLook, Trouble } from "./look.ts";
import type { Flow } from "./shapes.ts";
import { createSince } from "./since.ts";
import { lookAtKafka, lookAtLags, lookAtPostgres, lookAtStation } from "./sources.ts";

export type FlowWatchParts = {
  readonly stations: readonly { readonly name: string; readonly url: string }[];
  readonly connection: KafkaConnection;
  readonly db: Queryable;
  /** Consumer groups whose names begin so are looked at. */
  readonly groupPrefix: string;
  /** What processors could not use since a moment, and what waits of it. Rejects while it cannot be seen. */
  processorLetters(since: Date): Promise<readonly Trouble[]>;
};

export type FlowWatch = Service & {
  /** Hears of the pipeline each second, at once of the newest look if there is one; the result ends it. */
  follow(onFlow: (flow: Flow) => void): () => void;
};

/** Each part is asked so often at most, and what is known is told more often, since the parts answer one by one. */
const everyMs = 2_000;
const tellEveryMs = 1_000;
/** A reading of all lags is some questions to each broker, so it is made more rarely. */
const lagsEveryMs = 4_000;
/** So long is a record that could not be used told of. */
const lettersMs = 15 * 60_000;

/** Looks at all parts of the pipeline while somebody follows, and not otherwise. */
export function createFlowWatch(parts: FlowWatchParts): FlowWatch {
  const followers = new Set<(flow: Flow) => void>();
  const stations = new Map<string, StationLook>();
  let kafka: KafkaLook | undefined;
  let behind: LagLook | undefined;
  let postgres: PostgresLook | undefined;
  let letters: LettersLook | undefined;
  let looks: Look[] = [];
  let dated = createSince();
  let latest: Flow | undefined;
  /** Ends the loops of one time of watching. */
  let watching: AbortController | undefined;

  function tell(): void {
    const at = Date.now();
    const seen = parts.stations.flatMap(({ name }) => stations.get(name) ?? []);
    const look: Look = {
      ...{ at, stations: seen },
      ...(kafka === undefined ? {} : { kafka }),
      ...(behind === undefined ? {} : { behind }),
      ...(postgres === undefined ? {} : { postgres }),
      ...(letters === undefined ? {} : { letters }),
    };
    looks = [...looks.filter((each) => each.at > at - windowMs - everyMs), look];
    const unknown = [
      ...parts.stations.filter(({ name }) => !stations.has(name)).map(({ name }) => name),
      ...(kafka === undefined ? ["kafka"] : []),
      ...(postgres === undefined ? ["postgres"] : []),
    ];
    // What is there before all were asked once is no news of this moment.
    const findings = unknown.length > 0 ? createSince()(findingsOf(looks), at) : dated(findingsOf(looks), at);
    latest = { at, boxes: boxesOf(looks), findings, lags: lagsToShow(look), unknown };
    for (const follower of followers) follower(latest);
  }

  function begin(): void {
    const controller = new AbortController();
    watching = controller;
    const { signal } = controller;
    stations.clear();
    [kafka, behind, postgres, letters, looks, latest] = [undefined, undefined, undefined, undefined, [], undefined];
    dated = createSince();
    for (const station of parts.stations) {
      void repeat(signal, everyMs, async () => {
        const look = await lookAtStation(station);
        if (signal.aborted) return;
        const before = stations.get(station.name);
        stations.set(station.name, look);
        // A fault is told at once.
        if (before !== undefined && before.silence !== look.silence) tell();
      });
    }
    void repeat(signal, everyMs, async () => {
      const look = await lookAtKafka(parts.connection);
      if (signal.aborted) return;
      const before = kafka;
      kafka = look;
      if (before !== undefined && before.silence !== look.silence) tell();
    });
    void repeat(signal, lagsEveryMs, async () => {
      const look = await lookAtLags(parts.connection, parts.groupPrefix);
      if (!signal.aborted && look !== undefined) behind = look;
    });
    void repeat(signal, everyMs, async () => {
      const look = await lookAtPostgres(parts.db);
      if (signal.aborted) return;
      const before = postgres;
      postgres = look;
      if (before !== undefined && before.silence !== look.silence) tell();
    });
    void repeat(signal, everyMs, async () => {
      const at = Date.now();
      // Whether Kafka and Postgres answer is told by the questions above.
      const waiting = await parts.processorLetters(new Date(at - lettersMs)).catch(() => undefined);
      if (!signal.aborted && waiting !== undefined) letters = { at, waiting };
    });
    // The first answers are there in a moment; until then nobody shall wait two seconds.
    const first = setTimeout(tell, 300);
    const timer = setInterval(tell, tellEveryMs);
    signal.addEventListener("abort", () => {
      clearTimeout(first);
      clearInterval(timer);
    });
  }

  return Object.assign(
    createService({
      name: "flow",
      start: () => undefined,
      stop() {
        followers.clear();
        watching?.abort();
      },
    }),
    {
      follow(onFlow: (flow: Flow) => void) {
        followers.add(onFlow);
        if (followers.size === 1) begin();
        else if (latest !== undefined) onFlow(latest);
        return () => {
          if (followers.delete(onFlow) && followers.size === 0) watching?.abort();
        };
      },
    },
  );
}

/** One after the other, each at least so long behind the beginning of the one before, until the signal. */
async function repeat(signal: AbortSignal, ms: number, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    await work();
    // It rejects by the signal only, which ends the loop.
    await delay(Math.max(0, ms - (performance.now() - began)), undefined, { signal }).catch(() => undefined);
  }
}
