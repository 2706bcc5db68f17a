import { v5 as uuidv5 } from "uuid";
import type { WindowResult } from "./windowed.ts";

/** Namespace of the ids of window results (RFC 9562, 5.5); another value would make other ids of the same results. */
const namespace = "0c5f3b8e-6f0d-5d5c-8a41-b1f6b7f0c2d7";

/** The id of a result: the same flow, key, window and revision have it whenever they are told, so that a repetition is recognised. */
export function resultId(
  flow: string,
  { key, startMs, endMs, revision }: Omit<WindowResult<unknown>, "final" | "value">,
): string {
  return uuidv5(JSON.stringify([flow, key, startMs, endMs, revision]), namespace);
}
