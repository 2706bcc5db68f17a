import type { Violation } from "../../schemas/index.ts";

/** The events of one request as they were sent; nothing about them is known yet but that they could be parsed, or not. */
export type Items = {
  /** In the order of the request; undefined where `problems` has an entry. */
  readonly values: readonly unknown[];
  /** What cannot be parsed, by index. */
  readonly problems?: ReadonlyMap<number, Violation>;
  /** Whether the text held a `\u` escape: only then can it hold NUL or half of a surrogate pair. */
  readonly escapes: boolean;
  /** The JSON text of the event, when there is just this one. */
  readonly onlyJson?: Buffer;
  /** The bytes of one event as they were sent; made when asked for. */
  bytesOf(index: number): Buffer;
};
