/** A line of a table, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** A line of JSON for each row. */
export const linesOf = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/**
 * Rows after RFC 4180, with the names of the first as header; what is no text is written as JSON. A text that a spreadsheet would compute gets an apostrophe
 * before it, as OWASP advises.
 */
export function csvOf(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => names.map((name) => cell(row[name])));
  return [names, ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

function cell(value: unknown): string {
  const text = value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const harmless = /^[=+\-@\t\r]/.test(text) && typeof value === "string" ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
