import type { Trouble } from "../flow/look.ts";
import type { Ended, Order, Progress, RecordLine } from "./act-shapes.ts";
import type { Group, Item, RefusedFilter, Whole } from "./shapes.ts";

/** What the stations keep of refused events, as their owners read it; nothing in it is masked. */
export type RefusedPort = {
  /** Of what is kept, the largest first; `unknown` says what cannot be seen now, and why. */
  groups(filter: RefusedFilter): Promise<{ readonly groups: readonly Group[]; readonly unknown: readonly string[] }>;
  /** The newest first. @param before the id of the last one of the page before. @throws PipelineError …_unknown for an id that is none */
  list(filter: RefusedFilter, limit: number, before?: string): Promise<readonly Item[]>;
  /** @throws PipelineError dlq_letter_unknown, quarantine_entry_unknown */
  find(id: string): Promise<Whole>;
  /** What processors could not use since then and what waits of it, the most first. @throws PipelineError kafka_…, store_… */
  processorLetters(since: Date): Promise<readonly Trouble[]>;
  /** Does what is ordered, and writes down who did it. @param onProgress told again and again @throws PipelineError */
  act(order: Order, quit: AbortSignal, onProgress: (progress: Progress) => void): Promise<Ended>;
  /** What was done lately, the newest first. */
  records(limit: number): Promise<readonly RecordLine[]>;
};
