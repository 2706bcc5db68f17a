import type { RefusedFilter } from "../console/index.ts";
import { sinkLetterPrefix } from "../sinks/letters/index.ts";
import type { EntryFilter } from "../sinks/quarantine/index.ts";
import type { LetterFilter } from "../store/index.ts";
import { streamLetterPrefix } from "../stream/letters/index.ts";

/** As the commands of quarantine understand it. */
export function entryFilterOf({ condition, consumers, topics, kinds, ...same }: RefusedFilter): EntryFilter {
  const states = { waiting: ["open", "fixed"], done: ["replayed"], all: undefined }[condition ?? "all"];
  return { ...same, states };
}

/** As the commands of dead letters understand it. */
export function letterFilterOf({ condition, consumers, kinds, ...same }: RefusedFilter): LetterFilter {
  const states = { waiting: ["open"], done: ["redriven"], all: undefined }[condition ?? "all"];
  return { ...same, places: consumers, states };
}

export const isLetterId = (id: string): boolean => id.startsWith(sinkLetterPrefix) || id.startsWith(streamLetterPrefix);

/** Whether events of a kind may be meant. Ids name theirs, and only letters have a consumer. */
export function concernsKind({ kinds, ids, consumers, topics }: RefusedFilter, kind: "quarantined" | "dead"): boolean {
  if (kinds !== undefined && !kinds.includes(kind)) return false;
  if (ids?.some((id) => isLetterId(id) === (kind === "dead")) === false) return false;
  return kind === "dead" || (consumers === undefined && topics === undefined);
}
