import type { Zone } from "../parts/words.ts";

/** What is shown of a partition: the newest records, or those before or from an offset or a moment (RFC 3339) on. */
export type BrowsePlace = {
  /** Absent: the one that is shown first. */
  readonly partition?: number;
  readonly before?: string;
  readonly offset?: string;
  readonly time?: string;
  /** Offset of the record that is opened. */
  readonly open?: string;
};

const whole = /^\d{1,19}$/;

/** What the query of an address says; what it does not know is left out. */
export function browsePlaceOf(search: string): BrowsePlace {
  const given = new URLSearchParams(search);
  const number = (name: string) => {
    const text = given.get(name) ?? "";
    return whole.test(text) ? { [name]: text } : {};
  };
  const partition = given.get("partition") ?? "";
  const time = given.get("time") ?? "";
  return {
    ...(/^\d{1,7}$/.test(partition) ? { partition: Number(partition) } : {}),
    ...{ ...number("before"), ...number("offset"), ...number("open") },
    ...(Number.isNaN(Date.parse(time)) ? {} : { time }),
  };
}

/** The query for a place, with its question mark. */
export function browseQuery({ partition, before, offset, time, open }: BrowsePlace): string {
  const query = new URLSearchParams();
  if (partition !== undefined) query.set("partition", String(partition));
  if (offset !== undefined) query.set("offset", offset);
  else if (time !== undefined) query.set("time", time);
  else if (before !== undefined) query.set("before", before);
  if (open !== undefined) query.set("open", open);
  return query.size === 0 ? "" : `?${query}`;
}

/** Whether records are read from a place on, the oldest first; else the newest come first. */
export const goesForward = ({ offset, time }: BrowsePlace) => offset !== undefined || time !== undefined;

/** What a field for date and time holds, in the zone of the page, as RFC 3339; undefined for what is no time. */
export function timeOfField(text: string, zone: Zone): string | undefined {
  const at = Date.parse(zone === "utc" ? `${text}Z` : text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** The inverse of {@link timeOfField}. */
export function fieldOfTime(time: string, zone: Zone): string {
  const at = new Date(time);
  const shifted = zone === "utc" ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
