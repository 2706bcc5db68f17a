import type { Numbers } from "./read-metrics.ts";
import type { Lag } from "./shapes.ts";

/** What a station answered when it was asked. */
export type StationLook = {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Why there was no answer; absent: there was one. */
  readonly silence?: string;
  /** What it says it waits for, by name; empty when it is ready. */
  readonly waiting: Readonly<Record<string, string>>;
  /** Absent without an answer. */
  readonly numbers?: Numbers;
};

/** What a part that others depend on answered to a simple question, and how quickly; `silence` as above. */
export type KafkaLook = { readonly at: number; readonly silence?: string; readonly milliseconds: number };

/** How far the consumers were behind at some moment, and of whom nothing was told: a group, or without a name any that is not among the lags. */
export type LagLook = {
  readonly at: number;
  readonly lags: readonly Lag[];
  readonly missing: readonly { readonly group?: string; readonly why: string }[];
};

/** Events that lately became dead letters of a sink, or came into quarantine: how many, and since when. */
export type Trouble = { readonly what: string; readonly code: string; readonly events: number; readonly since: number };

export type PostgresLook = {
  readonly at: number;
  readonly silence?: string;
  readonly milliseconds: number;
  readonly deadLetters: readonly Trouble[];
  readonly quarantined: readonly Trouble[];
};

/** Records that processors lately could not use and that wait, as Kafka has them. `what` is the consumer. */
export type LettersLook = { readonly at: number; readonly waiting: readonly Trouble[] };

/** Everything that is known at one moment; a part that has not been asked yet is absent. */
export type Look = {
  readonly at: number;
  readonly stations: readonly StationLook[];
  readonly kafka?: KafkaLook;
  readonly behind?: LagLook;
  readonly postgres?: PostgresLook;
  readonly letters?: LettersLook;
};
