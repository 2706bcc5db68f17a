import type { CodeModel } from "./model.ts";

/** One language that code is generated for. */
export type Language = {
  /** The name of the file that it writes. */
  readonly file: string;
  /** Names of types that it uses itself, so that no schema may have them. */
  readonly names: readonly string[];
  /** What a field of this name is called. */
  memberOf(name: string): string;
  /** Members that every event has, so that no field may be called so. */
  readonly members: readonly string[];
  /** The text of the file; `header` are its first lines, as comments. */
  write(model: CodeModel, header: readonly string[]): string;
};

/** A doc comment of one line that the text of a schema cannot end. */
export function comment(doc: string, indent = ""): string[] {
  const text = doc.replaceAll("*/", "* /").replaceAll("/*", "/ *").replace(/\s+/g, " ").trim();
  return text === "" ? [] : [`${indent}/** ${text} */`];
}
