import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LineCounter, type Node, parseDocument } from "yaml";
import { didYouMean, PipelineError } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import type { CityAt } from "./city-at.ts";
import { compileRule, type Rule, RuleProblem } from "./rule.ts";
import { ruleShape } from "./rule-shape.ts";
import { createRules, type Rules } from "./rules.ts";

/** The rules that come with the program. */
export const shippedRules: string = fileURLToPath(new URL("../../alerts", import.meta.url));

/** A rule and where its text stands. */
export type Placed = {
  readonly rule: Rule;
  /** The file, or what else its text is called. */
  readonly file: string;
  readonly text: string;
  lineOf(path: readonly (string | number)[]): number;
};

/**
 * Reads the rules of this program and of a folder of one's own. A file of one's own takes the place of a shipped one with the same file name.
 * @throws PipelineError alert_rule_invalid, with file, line, what was expected and what was there
 */
export function loadRules(catalogue: Catalogue, cityAt: CityAt, ownFolder?: string): Rules {
  return together(readRules(catalogue, cityAt, ownFolder));
}

/** The same rules with where they stand; what they say of one another is not checked. @throws PipelineError alert_rule_invalid */
export function readRules(catalogue: Catalogue, cityAt: CityAt, ownFolder?: string): readonly Placed[] {
  const files = new Map<string, string>();
  for (const folder of [shippedRules, ...(ownFolder === undefined ? [] : [ownFolder])]) {
    for (const name of namesIn(folder)) files.set(name, join(folder, name));
  }
  return [...files.values()].sort().map((file) => readRule(file, textOf(file), catalogue, cityAt));
}

/** One file alone; what it says of other rules is not checked. @throws PipelineError alert_rule_invalid */
export function loadRuleFile(file: string, catalogue: Catalogue, cityAt: CityAt): Rules {
  const { rule } = readRule(file, textOf(file), catalogue, cityAt);
  return createRules([rule]);
}

/** A rule from the text of a file. @throws PipelineError alert_rule_invalid */
export function readRule(file: string, text: string, catalogue: Catalogue, cityAt: CityAt): Placed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw invalid(file, lines.linePos(broken.pos[0]).line, broken.message);
  const checked = ruleShape.safeParse(document.toJS());
  if (!checked.success) {
    const words = checked.error.issues.slice(0, 5).map((issue) => {
      const path = issue.path.filter((part) => typeof part !== "symbol");
      const place = issue.code === "unrecognized_keys" ? [...path, ...issue.keys.slice(0, 1)] : path;
      return `${lineOf(place)}: ${wordsOf(issue, path, document.toJS())}`;
    });
    throw new PipelineError("alert_rule_invalid", { message: words.map((each) => `${file}:${each}`).join("\n") });
  }
  try {
    return { file, text, lineOf, rule: compileRule(checked.data, catalogue, cityAt) };
  } catch (error) {
    if (!(error instanceof RuleProblem)) throw error;
    throw invalid(file, lineOf(error.path), `${error.path.join(".")}: ${error.message}`);
  }
}

function wordsOf(
  issue: { readonly code?: string; readonly message: string; readonly keys?: readonly string[] },
  path: readonly (string | number)[],
  value: unknown,
): string {
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys ?? [];
    const hint = didYouMean(key, Object.keys(ruleShape.shape));
    return `${[...path, key].join(".")} is no key of a rule${hint === undefined ? "" : `; did you mean ${hint}?`}`;
  }
  const got = path.reduce<unknown>((so, part) => (so as Record<string, unknown> | undefined)?.[part], value);
  return `${path.join(".") || "the file"}: expected ${issue.message}, got ${got === undefined ? "nothing" : JSON.stringify(got)}`;
}

/** All of them, or the first that does not go with the others. */
export type Combined = { readonly rules: Rules } | { readonly culprit: Placed; readonly problem: PipelineError };

/** Puts rules together; of two that do not go together the later one is to blame. */
export function combine(placed: readonly Placed[]): Combined {
  const byName = new Map<string, Placed>();
  for (const each of placed) {
    const other = byName.get(each.rule.name);
    if (other !== undefined) {
      const words = `name: ${each.rule.name} is the name of a rule in ${other.file}`;
      return { culprit: each, problem: invalid(each.file, each.lineOf(["name"]), words) };
    }
    byName.set(each.rule.name, each);
  }
  try {
    return { rules: createRules(placed.map(({ rule }) => rule)) };
  } catch (error) {
    if (!(error instanceof RuleProblem)) throw error;
    const [name, ...path] = error.path;
    const culprit = byName.get(String(name)) as Placed;
    return { culprit, problem: invalid(culprit.file, culprit.lineOf(path), `${path.join(".")}: ${error.message}`) };
  }
}

/** @throws PipelineError alert_rule_invalid */
export function together(placed: readonly Placed[]): Rules {
  const combined = combine(placed);
  if ("problem" in combined) throw combined.problem;
  return combined.rules;
}

function invalid(file: string, line: number, words: string): PipelineError {
  return new PipelineError("alert_rule_invalid", { message: `${file}:${line}: ${words}` });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  } catch (cause) {
    throw new PipelineError("alert_rule_invalid", { message: `The folder of rules ${folder} cannot be read`, cause });
  }
}

/** @throws PipelineError alert_rule_invalid */
export function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new PipelineError("alert_rule_invalid", { message: `${file} cannot be read`, cause });
  }
}
