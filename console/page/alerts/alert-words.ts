import type { Delivery, Labels, Watched } from "../../alerts/shapes.ts";

/** How a thing stands, in words and by a sign. */
export const states = {
  firing: { sign: "✕", look: "fault", words: "Firing" },
  error: { sign: "✕", look: "fault", words: "The rule fails" },
  no_data: { sign: "?", look: "unknown", words: "No data" },
  pending: { sign: "…", look: "warning", words: "Pending" },
} as const;

/** By what the page can be narrowed: states, and what is silenced. */
export const groups = ["firing", "pending", "no_data", "error", "silenced"] as const;
export type Group = (typeof groups)[number];

export const groupWords: Readonly<Record<Group, string>> = {
  ...{ firing: "Firing", pending: "Pending", no_data: "No data", error: "Rule fails", silenced: "Silenced" },
};

/** What is silenced is counted as that alone. */
export const groupOf = ({ state, silencedBy }: Watched): Group => (silencedBy.length > 0 ? "silenced" : state);

/** The first line of the page. */
export function alertsVerdict(watched: readonly Watched[]): {
  readonly look: "ok" | "warning" | "fault";
  words: string;
} {
  const count = (...of: Group[]) => watched.filter((each) => of.includes(groupOf(each))).length;
  const firing = count("firing", "no_data", "error");
  const rest = [
    ...(count("pending") > 0 ? [`${count("pending")} pending`] : []),
    ...(count("silenced") > 0 ? [`${count("silenced")} silenced`] : []),
  ];
  if (firing > 0) return { look: "fault", words: [`${firing} firing`, ...rest].join(", ") };
  if (rest.length > 0) return { look: "warning", words: ["Nothing fires", ...rest].join(", ") };
  return { look: "ok", words: "Nothing fires" };
}

export const labelsText = (labels: Labels) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

export const deliveryWords = { pending: "waits", delivered: "delivered", exhausted: "given up" } as const;
export const deliverySigns = { pending: "…", delivered: "✓", exhausted: "✕" } as const;
export const deliveryLooks = { pending: "warning", delivered: "ok", exhausted: "fault" } as const;

/** How an attempt ended, in words. */
export function resultText({ lastResult, lastStatus }: Pick<Delivery, "lastResult" | "lastStatus">): string {
  if (lastResult === null) return "";
  const words = lastResult.replaceAll("_", " ");
  return lastStatus === null ? words : `${words}, ${lastStatus}`;
}

/** 40m, 2h, 1d as minutes; undefined: it is nothing of that kind, or not within a minute and thirty days. */
export function minutesOf(text: string): number | undefined {
  const [, count, unit] = /^\s*(\d{1,5})\s*(m|min|h|d)\s*$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const minutes = Number(count) * (unit === "d" ? 1_440 : unit === "h" ? 60 : 1);
  return minutes >= 1 && minutes <= 43_200 ? minutes : undefined;
}

/** Lines of `name=value` as labels; the line that is none of that. */
export function labelsOf(text: string): { readonly labels: Labels } | { readonly wrong: string } {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const wrong = lines.find((line) => line.indexOf("=") < 1);
  if (wrong !== undefined) return { wrong };
  return {
    labels: Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
  };
}

/** The address of the form of a silence for this. */
export function silenceAddress(rule: string, labels: Labels): string {
  const query = new URLSearchParams({ rule });
  for (const [name, value] of Object.entries(labels)) query.append("label", `${name}=${value}`);
  return `/alerts/silences/new?${query}`;
}
