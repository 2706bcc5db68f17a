import type { Response } from "express";
import { headText, type ListFormat, rowText } from "../lists/file-text.ts";
import { beginFile } from "../lists/send-list.ts";
import type { Masking } from "./personal.ts";
import type { RefusedPort } from "./port.ts";
import type { RefusedFilter, Whole } from "./shapes.ts";

/** More than this is no file for a person; the commands and SQL have all. */
export const mostExported = 50_000;
const pageSize = 200;

const columns = {
  id: (each: Whole) => each.id,
  kind: (each: Whole) => each.kind,
  state: (each: Whole) => each.state,
  code: (each: Whole) => each.code,
  path: (each: Whole) => each.fault.pointer,
  expected: (each: Whole) => each.fault.expected,
  got: (each: Whole) => each.fault.got,
  type: (each: Whole) => each.type,
  schema_id: (each: Whole) => each.schemaId,
  source: (each: Whole) => each.source,
  event_id: (each: Whole) => each.eventId,
  first: (each: Whole) => new Date(each.first).toISOString(),
  last: (each: Whole) => new Date(each.last).toISOString(),
  times_seen: (each: Whole) => each.timesSeen,
  attempts: (each: Whole) => each.attempts,
  last_answer: (each: Whole) => each.lastAnswer,
  data: (each: Whole) => each.data,
} as const;
const names = Object.keys(columns);

/** Writes what the filter wants, the newest first, with personal fields masked whoever asks: a file goes further than a page. */
export async function exportRefused(
  port: RefusedPort,
  masking: Masking,
  filter: RefusedFilter,
  format: ListFormat,
  response: Response,
): Promise<void> {
  beginFile(response, { name: `refused-${new Date().toISOString().slice(0, 10)}`, format });
  response.write(headText(format, names));
  let written = 0;
  for (const kind of ["dead", "quarantined"] as const) {
    if (filter.kinds?.includes(kind) === false) continue;
    for (let before: string | undefined; written < mostExported && !response.destroyed; ) {
      const size = Math.min(pageSize, mostExported - written);
      const items = await port.list({ ...filter, kinds: [kind] }, size, before);
      const lines = [];
      for (const { id } of items) lines.push(lineOf(masking.whole(await port.find(id)), format));
      if (lines.length > 0 && !response.write(lines.join(""))) await drained(response);
      written += items.length;
      before = items.at(-1)?.id;
      if (items.length < size) break;
    }
  }
  response.end();
}

const drained = (response: Response) =>
  new Promise<void>((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });

/** One refusal as a line; exported for its test. */
export function lineOf(each: Whole, format: ListFormat): string {
  return rowText(
    format,
    names,
    Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, value(each)])),
  );
}
