import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { PipelineError } from "../../runtime/index.ts";
import type { FlatConfig, Problem } from "./keys.ts";
import { describeProblem } from "./keys.ts";

/** The states that a connector may be declared in. */
export const initialStates = ["RUNNING", "PAUSED", "STOPPED"] as const;
export type InitialState = (typeof initialStates)[number];

/** A connector as a file describes it, with the line of each key for messages about it. */
export type ConnectorFile = {
  readonly file: string;
  readonly config: FlatConfig;
  readonly initialState: InitialState;
  lineOf(key: string): number | undefined;
};

/** Keys whose values are pairs: as a map they become `a:b,c:d`. */
const pairKeys = /^transforms\.[^.]+\.(spec|renames)$/;
/** Maps of named parts: their order is the order of the parts. */
const partKeys = new Set(["transforms", "predicates"]);

/**
 * Reads the YAML of a connector. Maps inside of maps become keys with dots, lists become text with commas, and the parts below `transforms` and
 * `predicates` are listed in their order; so a file may be written like a tree or with Kafka Connect's flat keys.
 * @throws PipelineError connector_invalid, with file, line, what was expected and what was there
 */
export function readConnectorFile(file: string, text: string): ConnectorFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (node: Node | null | undefined) => lines.linePos(node?.range?.[0] ?? 0).line;
  const [wrong] = document.errors;
  if (wrong !== undefined) {
    throw invalidFile(file, [
      { key: "YAML", expected: "a readable file", got: wrong.message, line: lines.linePos(wrong.pos[0]).line },
    ]);
  }
  if (!isMap(document.contents)) {
    throw invalidFile(file, [
      { key: "YAML", expected: "keys with values, such as name: events", got: "something else", line: 1 },
    ]);
  }
  const config: Record<string, string> = {};
  const places = new Map<string, number>();
  const problems: PlacedProblem[] = [];
  flatten(document.contents, "");
  const initial = config.initial_state ?? "RUNNING";
  delete config.initial_state;
  if (!isInitialState(initial)) {
    const line = places.get("initial_state");
    problems.push({
      key: "initial_state",
      expected: `one of ${initialStates.join(", ")}`,
      got: JSON.stringify(initial),
      line,
    });
  }
  if (problems.length > 0 || !isInitialState(initial)) throw invalidFile(file, problems);
  return { file, config, initialState: initial, lineOf: (key) => places.get(key) };

  function flatten(map: YAMLMap, prefix: string): void {
    for (const pair of map.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue;
      const key = `${prefix}${String(pair.key.value)}`;
      const value = pair.value as Node | null;
      places.set(key, lineAt(pair.key));
      if (isMap(value) && pairKeys.test(key))
        config[key] = value.items
          .map((item) => `${textOf(item.key as Node, key)}:${textOf(item.value as Node, key)}`)
          .join(",");
      else if (isMap(value)) {
        if (partKeys.has(key)) config[key] = value.items.map((item) => textOf(item.key as Node, key)).join(",");
        flatten(value, `${key}.`);
      } else config[key] = textOf(value, key);
    }
  }

  function textOf(node: Node | null, key: string): string {
    if (node === null) return "";
    if (isSeq(node)) return node.items.map((item) => textOf(item as Node, key)).join(",");
    if (isScalar(node)) return node.value === null ? "" : (node.source ?? String(node.value));
    problems.push({
      key,
      expected: "text, a number, true or false, or a list of these",
      got: "something else",
      line: lineAt(node),
    });
    return "";
  }
}

type PlacedProblem = Problem & { readonly line: number | undefined };

/** The error of a file: one line a problem, with its place. */
export function invalidFile(file: string, problems: readonly PlacedProblem[]): PipelineError {
  const said = problems.map(
    (each) => `${file}${each.line === undefined ? "" : `:${each.line}`}: ${describeProblem(each)}`,
  );
  return new PipelineError("connector_invalid", { message: said.join("\n") });
}

const isInitialState = (text: string): text is InitialState => (initialStates as readonly string[]).includes(text);
