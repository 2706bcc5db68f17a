import type { CityAt } from "./city-at.ts";
import { type Compiled, compile, type Names } from "./expressions.ts";

/** A text with values in it. */
export type Template = (names: Readonly<Record<string, unknown>>) => string;

const longest = 1_000;

/**
 * A text in which `{{ expression }}` is replaced by what the CEL expression gives; null gives nothing.
 * @throws ExpressionError for an expression that cannot be used, when the rule is loaded
 */
export function template(text: string, names: Names, cityAt: CityAt): Template {
  const parts = text.split(/\{\{(.*?)\}\}/s).map((part, i): string | Compiled => {
    return i % 2 === 0 ? part : compile(part.trim(), names, cityAt, ["string", "int", "double", "bool"]);
  });
  return (values) => {
    const filled = parts.map((part) => (typeof part === "string" ? part : wordOf(part(values))));
    return filled.join("").slice(0, longest);
  };
}

/** Several of them by their names; one that is empty is left out. */
export function textsOf(
  templates: readonly (readonly [name: string, text: Template])[],
  names: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const texts = templates.map(([name, text]) => [name, text(names)] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== ""));
}

function wordOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return String(value);
}
