import type { Response } from "express";
import { z } from "zod";
import { csvOf, linesOf, type Row } from "../page/export.ts";

/** Which kind of file a list is wanted as. */
export const exportFormat = z.enum(["csv", "jsonl"]);

/** Answers with rows, of which personal values are masked, as a file to keep. */
export function sendRows(
  response: Response,
  name: string,
  format: z.output<typeof exportFormat>,
  rows: readonly Row[],
): void {
  response.attachment(`hailstream-${name.replaceAll(/[^\w.-]+/g, "_")}.${format}`);
  response.type(format === "csv" ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8");
  response.send(format === "csv" ? csvOf(rows) : linesOf(rows));
}
