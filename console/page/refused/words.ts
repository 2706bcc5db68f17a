import type { Condition, Fault, Group, GroupKey, Item, Kind } from "../../refused/shapes.ts";

export const kindWords: Readonly<Record<Kind, { readonly one: string; readonly does: string; readonly sign: string }>> =
  {
    rejected: { one: "Rejected", does: "The sender was told; nothing is kept.", sign: "↩" },
    quarantined: { one: "Quarantined", does: "Its bytes are kept and can be corrected and sent again.", sign: "!" },
    dead: { one: "Dead letter", does: "Accepted, then a consumer could not use it. It is kept whole.", sign: "✕" },
  };

export const kindsInWords: readonly { readonly value: "" | Kind; readonly words: string }[] = [
  { value: "", words: "Everything refused" },
  { value: "quarantined", words: "Quarantined" },
  { value: "dead", words: "Dead letters" },
  { value: "rejected", words: "Rejected" },
];

export const spans = [
  { value: "1h", words: "Last hour" },
  { value: "24h", words: "Last 24 hours" },
  { value: "7d", words: "Last 7 days" },
  { value: "30d", words: "Last 30 days" },
  { value: "", words: "All time" },
] as const;

export const conditionWords: readonly { readonly value: Condition; readonly words: string }[] = [
  { value: "waiting", words: "Waiting" },
  { value: "done", words: "Done" },
  { value: "all", words: "Waiting and done" },
];

export const stateWords: Readonly<Record<Item["state"], string>> = {
  open: "waits",
  fixed: "corrected, waits",
  replayed: "replayed",
  redriven: "redriven",
};

/** What the app calls itself: `/apps/driver/ios/6.1.2` is `driver ios 6.1.2`. */
export function appText(source: string | null): string {
  if (source === null) return "not told apart";
  if (source === "") return "not named";
  return source.replace(/^\/apps\//, "").replaceAll("/", " ");
}

export function schemaText({ type, schemaId }: Pick<GroupKey, "type" | "schemaId">): string {
  const name = type === "" ? "no type" : type;
  return schemaId === null ? name : `${name}, schema ${schemaId}`;
}

/** The query of the view that shows what is in a group. */
export function groupQuery(group: Group, kept: { readonly since: string; readonly state: string }): string {
  const { kind, code, type, source, schemaId, consumer, topic } = group;
  const query = new URLSearchParams({
    kind,
    code,
    source: source ?? "",
    schema: String(schemaId ?? "none"),
    state: kept.state,
  });
  if (type !== "") query.set("type", type);
  if (consumer !== undefined) query.set("consumer", consumer);
  if (topic !== undefined) query.set("topic", topic);
  if (kept.since !== "") query.set("since", kept.since);
  return query.toString();
}

/** Where a fault is: a JSON pointer into the event, or the place of a record. */
export const placeText = ({ pointer }: Fault): string => (pointer === "" ? "the event itself" : pointer);

/** A document in JSON, indented, for reading. */
export const jsonText = (value: unknown): string => JSON.stringify(value, null, 2);

/** The bytes as text, when they are text of UTF-8. */
export function textOfBytes(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
