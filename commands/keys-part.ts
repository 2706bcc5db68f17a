import type { Command } from "commander";
import type { z } from "zod";
import { PipelineError } from "../runtime/index.ts";
import type { KeyFiles } from "./keys-files.ts";

/** What the work of a subcommand is done with. */
export type Tools = {
  readonly files: KeyFiles;
  /** The options as they were given. */
  readonly wanted: Readonly<Record<string, unknown>>;
  /** Prints the result: as JSON when that was asked for, else as lines. */
  readonly tell: ((result: unknown, lines: () => readonly string[]) => void) & { words(text: string): void };
};

/** Adds a subcommand; `given` of its work are its arguments. */
export type AddPart = (
  name: string,
  words: string,
  work: (tools: Tools, given: readonly unknown[]) => Promise<void>,
  parent?: Command,
) => Command;

/** @throws PipelineError option_invalid, naming the flag */
export function checked<T extends z.ZodType>(shape: T, wanted: Tools["wanted"]): z.output<T> {
  const read = shape.safeParse(wanted);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const flag = `--${String(issue?.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new PipelineError("option_invalid", { message: `${flag}: ${issue?.message}` });
}
