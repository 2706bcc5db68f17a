import type { Act, Deed } from "../../refused/act-shapes.ts";
import { countText } from "../parts/words.ts";

export const deedWords: Readonly<Record<Deed, { readonly verb: string; readonly done: string }>> = {
  fix: { verb: "Correct", done: "corrected" },
  replay: { verb: "Send again", done: "sent again" },
  redrive: { verb: "Redrive", done: "redriven" },
};

const goodWords: Readonly<Record<Deed, readonly [string, string]>> = {
  fix: ["would be accepted as corrected", "can be accepted as corrected"],
  replay: ["would be accepted", "accepted"],
  redrive: ["would be redriven", "redriven"],
};
const badWords: Readonly<Record<Deed, readonly [string, string]>> = {
  fix: ["would still be refused", "still to be refused"],
  replay: ["would be refused again", "refused again"],
  redrive: ["would fail again", "failed again"],
};

export const events = (count: number): string => `${countText(count)} ${count === 1 ? "event" : "events"}`;

/** What an act has come to, in one sentence. */
export function actText(
  act: Pick<Act, "deed" | "dryRun" | "state" | "total" | "done" | "good" | "bad" | "skipped">,
): string {
  const { deed, dryRun, state, total, done, good, bad, skipped } = act;
  const index = dryRun ? 0 : 1;
  const left = Object.values(skipped).reduce((sum, count) => sum + count, 0);
  const isOver = state === "done" || state === "stopped";
  if (isOver && total === 0 && done === 0) return "Nothing is left to do: none of these events waits.";
  if (!isOver && total === 0) return "Looking for the events that wait …";
  const parts = [
    // Replays and fixes say only at the end what came of them.
    ...(isOver || good + bad > 0 ? [`${countText(good)} ${goodWords[deed][index]}`] : []),
    ...(bad > 0 ? [`${countText(bad)} ${badWords[deed][index]}`] : []),
    ...(left > 0 ? [`${countText(left)} left alone`] : []),
  ];
  const head = isOver && done >= total ? events(done) : `${countText(done)} of ${events(total)}`;
  return `${head}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}${dryRun && isOver ? ". Nothing was changed" : ""}.`;
}

export const stateText: Readonly<Record<Act["state"], string>> = {
  running: "Under way",
  stopping: "Stopping",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
};

/** An id that nobody else has made; 128 random bits. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The filter of an address as an order has it; names may come several times. */
export function filterOfQuery(query: URLSearchParams): Readonly<Record<string, string | readonly string[]>> {
  const filter: Record<string, string | readonly string[]> = {};
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    if (!["act", "before"].includes(name)) filter[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return { ...filter, state: "waiting" };
}

/** What a person wrote as a value: JSON, or else the text itself. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
