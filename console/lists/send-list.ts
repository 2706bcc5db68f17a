import type { Response } from "express";
import { fileText, type ListFormat, mediaTypes, type Row } from "./file-text.ts";

type ListFile = {
  /** What the list is of. */
  readonly name: string;
  readonly format: ListFormat;
};

/** Answers with a list, of which personal values are masked, as a file to keep. @param columns of the CSV, in order; without them those of the first row */
export function sendList<T extends Row>(
  response: Response,
  file: ListFile,
  rows: readonly T[],
  columns?: readonly (keyof T & string)[],
): void {
  beginFile(response, file);
  response.send(fileText(file.format, rows, columns));
}

/** Says what file follows, for who writes it piece by piece. */
export function beginFile(response: Response, { name, format }: ListFile): void {
  response.attachment(`hailstream-${name.replaceAll(/[^\w.-]+/g, "_")}.${format}`);
  response.type(mediaTypes[format]);
}
