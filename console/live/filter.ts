import { z } from "zod";
import type { EventStatus, LiveEvent } from "./shapes.ts";

const statuses = ["accepted", "quarantined", "dead-letter"] as const satisfies readonly EventStatus[];
const text = z.string().max(200).default("");

/** What the address of the live page says. Empty: all. */
export const filterShape = z.object({
  type: text,
  key: text,
  status: z.enum(["", ...statuses]).default(""),
  text,
});

export type Filter = z.output<typeof filterShape>;

/** The part of a filter that the headers of a record can answer; `type` may end with `*`. */
export function fitsHead(filter: Filter, event: Pick<LiveEvent, "type" | "key" | "status">): boolean {
  const { type, key, status } = filter;
  const fitsType = type.endsWith("*") ? event.type.startsWith(type.slice(0, -1)) : type === "" || event.type === type;
  return fitsType && (key === "" || event.key === key) && (status === "" || event.status === status);
}

/** Whether the text that somebody looks for is in any of these, large or small. */
export function fitsText({ text: wanted }: Filter, parts: readonly string[]): boolean {
  const small = wanted.toLowerCase();
  return small === "" || parts.some((part) => part.toLowerCase().includes(small));
}
