/** In which forms a list is taken away: CSV for spreadsheets, or a JSON object a line. */
export const listFormats = ["csv", "jsonl"] as const;
export type ListFormat = (typeof listFormats)[number];

/** A line of a list, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** What the browser is told that such a file is. */
export const mediaTypes: Readonly<Record<ListFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  jsonl: "application/x-ndjson; charset=utf-8",
};

/** Rows as a file. @param columns of the CSV, in order; without them those of the first row */
export function fileText(
  format: ListFormat,
  rows: readonly Row[],
  columns: readonly string[] = Object.keys(rows[0] ?? {}),
): string {
  return headText(format, columns) + rows.map((row) => rowText(format, columns, row)).join("");
}

/** What stands above the rows, for who writes them one by one. */
export const headText = (format: ListFormat, columns: readonly string[]): string =>
  format === "csv" ? `${columns.map(cell).join(",")}\r\n` : "";

/** A row with the end of its line; JSON has all of it, whatever the columns. */
export const rowText = (format: ListFormat, columns: readonly string[], row: Row): string =>
  format === "csv" ? `${columns.map((column) => cell(row[column])).join(",")}\r\n` : `${JSON.stringify(row)}\n`;

/** RFC 4180; what is no text is written as JSON. A text that a spreadsheet would compute gets an apostrophe before it, as OWASP advises. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const harmless = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
