import type { IncomingMessage } from "node:http";
import type { Problem } from "./answers/result-schema.ts";
import type { Verdict } from "./events/verdict.ts";
import type { Items } from "./formats/items.ts";

/**
 * Hears what became of everything that is sent, before it is answered: whoever has an answer finds in the observer what it told. It
 * is called at once and must neither throw nor wait.
 */
export type Observer = {
  /** The body of a request, inflated, before anything is known of it. Of a stream of lines there is none. */
  body(request: IncomingMessage, body: Buffer): void;
  /** The events of a request, or of one piece of a stream, and what became of each. @param receivedAt milliseconds since 1970 */
  events(items: Items, verdicts: readonly Verdict[], receivedAt: number): void;
  /** A request that is refused as a whole, or a stream that ends before its time. */
  problem(request: IncomingMessage, problem: Problem): void;
};
