import { parse, type ValueNode } from "@humanwhocodes/momoa";
import type { z } from "zod";

/** Where a JSON text is wrong, and how. It quotes nothing of the text, which may be secret. */
export class JsonProblem extends Error {
  override readonly name = "JsonProblem";
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/**
 * Reads a JSON text that people may have edited.
 * @throws JsonProblem with the first line that is wrong
 */
export function readJson<T extends z.ZodType>(text: string, shape: T): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonProblem(lineOfSyntaxError(text), "this is not JSON");
  }
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const path = issue?.path ?? [];
  throw new JsonProblem(lineOf(text, path), `/${path.join("/")}: ${issue?.message ?? "unexpected"}`);
}

/** V8 tells the place of some errors only, and quotes the text. */
function lineOfSyntaxError(text: string): number {
  try {
    parse(text, { mode: "json" });
  } catch (error) {
    const { line, offset } = error as { line?: number; offset?: number };
    // The end of a text that is cut off has no place of its own.
    if (line !== undefined && offset !== 0) return line;
  }
  return text.trimEnd().split("\n").length;
}

function lineOf(text: string, path: readonly PropertyKey[]): number {
  let node: ValueNode = parse(text, { mode: "json" }).body;
  for (const step of path) {
    const next = childOf(node, step);
    if (next === undefined) break;
    node = next;
  }
  return node.loc.start.line;
}

function childOf(node: ValueNode, step: PropertyKey): ValueNode | undefined {
  if (node.type === "Array") return node.elements[Number(step)]?.value;
  if (node.type !== "Object") return undefined;
  return node.members.find(({ name }) => (name.type === "String" ? name.value : name.name) === step)?.value;
}
