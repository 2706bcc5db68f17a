import type { Filter } from "../../live/filter.ts";

/** What the live page shows; empty text is everything. */
export type LiveFilter = Filter;

const names = ["type", "key", "status", "text"] as const;
const statuses: readonly LiveFilter["status"][] = ["accepted", "quarantined", "dead-letter"];

/** The filter in the query of an address; what it does not know is left out. */
export function filterOf(search: string): LiveFilter {
  const given = new URLSearchParams(search);
  const text = (name: string) => (given.get(name) ?? "").slice(0, 200);
  const status = statuses.find((each) => each === given.get("status")) ?? "";
  return { type: text("type"), key: text("key"), status, text: text("text") };
}

/** The address of the live page with a filter; equal filters have equal addresses. */
export function addressOf(filter: LiveFilter): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = filter[name].trim();
    if (value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? "/live" : `/live?${text}`;
}

/** The address of what is known of an event by its id. */
export const traceAddress = (id: string) => `/live/id/${encodeURIComponent(id)}`;

/** The inverse of {@link traceAddress}; undefined: the path is another one. */
export function tracedIdOf(path: string): string | undefined {
  const [, id] = /^\/live\/id\/([^/]+)$/.exec(path) ?? [];
  return id === undefined ? undefined : decoded(id);
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

type RecordPlace = { readonly topic: string; readonly partition: number; readonly offset: string };

/** The address of one event's page. */
export function recordAddress({ topic, partition, offset }: RecordPlace): string {
  return `/live/${encodeURIComponent(topic)}/${partition}/${offset}`;
}

/** The inverse of {@link recordAddress}; undefined: the path is another one. */
export function recordPlaceOf(path: string): RecordPlace | undefined {
  const [, topic, partition, offset] = /^\/live\/([^/]+)\/(\d{1,9})\/(\d{1,18})$/.exec(path) ?? [];
  const name = topic === undefined ? undefined : decoded(topic);
  if (name === undefined || partition === undefined || offset === undefined) return undefined;
  return { topic: name, partition: Number(partition), offset };
}
