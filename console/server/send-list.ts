import type { Response } from "express";

/** In which forms a list is taken away. */
export const listFormats = ["csv", "jsonl"] as const;
export type ListFormat = (typeof listFormats)[number];

/** Answers with a list as a file: CSV for spreadsheets, or JSON lines. @param columns of the CSV, in order */
export function sendList<T extends Readonly<Record<string, unknown>>>(
  response: Response,
  { name, format }: { readonly name: string; readonly format: ListFormat },
  columns: readonly (keyof T & string)[],
  rows: readonly T[],
): void {
  response.attachment(`${name}.${format}`);
  response.type(format === "csv" ? "text/csv" : "application/x-ndjson");
  const lines =
    format === "csv"
      ? [columns.join(","), ...rows.map((row) => columns.map((column) => cell(row[column])).join(","))]
      : rows.map((row) => JSON.stringify(row));
  response.send(lines.map((line) => `${line}${format === "csv" ? "\r\n" : "\n"}`).join(""));
}

/** RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
