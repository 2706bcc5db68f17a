import { z } from "zod";
import type { ListPage } from "../kafka/shapes.ts";

/** How many rows a page of a list has. */
export const pageRows = 50;

/** What a list is asked for; `name` is part of a name, in any case. */
export const listQuery = z.object({
  name: z.string().max(249).default(""),
  sort: z.string().max(20).default("worst"),
  page: z.coerce.number().int().min(1).max(100_000).default(1),
});

export type ListQuery = z.output<typeof listQuery>;

/** By what a list can be sorted: the value that decides, the largest first; text in its own order. Several decide one after the other. */
export type Sorts<Row> = Readonly<Record<string, readonly ((row: Row) => number | string | null)[]>>;

/** The rows that fit, sorted; an order that is not known is that of what is worst. Equal ones keep their order. */
export function sortedRows<Row extends { readonly name: string }>(
  rows: readonly Row[],
  { name, sort }: Pick<ListQuery, "name" | "sort">,
  sorts: Sorts<Row> & { readonly worst: Sorts<Row>[string] },
): readonly Row[] {
  const wanted = name.trim().toLowerCase();
  const keys = (Object.hasOwn(sorts, sort) ? sorts[sort] : undefined) ?? sorts.worst;
  return rows
    .filter((row) => row.name.toLowerCase().includes(wanted))
    .sort((a, b) => {
      for (const key of keys) {
        const order = compare(key(a), key(b));
        if (order !== 0) return order;
      }
      return 0;
    });
}

/** What is not known comes last. */
function compare(a: number | string | null, b: number | string | null): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return Number(b ?? -1) - Number(a ?? -1);
}

/** The page that is asked for, or the last one there is. */
export function pageOf<Row>(
  rows: readonly Row[],
  page: number,
): Pick<ListPage<Row>, "matched" | "page" | "pages" | "rows"> {
  const pages = Math.max(1, Math.ceil(rows.length / pageRows));
  const shown = Math.min(page, pages);
  return { matched: rows.length, page: shown, pages, rows: rows.slice((shown - 1) * pageRows, shown * pageRows) };
}
