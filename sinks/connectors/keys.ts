/** What a key of a connector's configuration holds, in Kafka Connect's words. */
export type KeyType = "STRING" | "INT" | "BOOLEAN" | "LIST";

/** One key of a configuration, declared once: it gives the check, the answer of the validation API and the table in the docs. */
export type ConfigKey = {
  readonly name: string;
  readonly type: KeyType;
  /** Text, as a user would write it; a key without one is required or may be left out. */
  readonly default?: string;
  readonly required?: true;
  readonly importance: "HIGH" | "MEDIUM" | "LOW";
  readonly group: "Common" | "Table" | "Transforms" | "Consumer";
  readonly doc: string;
  /** The only texts that are allowed. */
  readonly oneOf?: readonly string[];
  /** What is expected, when `text` is not that; only asked for text that fits `type` and `oneOf`. */
  expected?(text: string): string | undefined;
};

/** A configuration as Kafka Connect has it: names with dots, and text. */
export type FlatConfig = Readonly<Record<string, string>>;

/** What is wrong with one key. */
export type Problem = {
  readonly key: string;
  readonly expected: string;
  readonly got: string;
  /** The known key that may have been meant. */
  readonly meant?: string;
};

/** Items of a LIST: separated by commas, without the spaces around them. */
export const listOf = (text: string): readonly string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

const shown = (text: string | undefined): string => (text === undefined ? "nothing" : JSON.stringify(text));

/** What is wrong with `text` as the value of `key`; undefined when nothing is. */
export function problemOf(key: ConfigKey, text: string | undefined): Problem | undefined {
  const problem = (expected: string): Problem => ({ key: key.name, expected, got: shown(text) });
  if (text === undefined || text.trim() === "") {
    if (key.required === true) return problem(key.oneOf === undefined ? "a value" : `one of ${key.oneOf.join(", ")}`);
    if (text === undefined) return undefined;
  }
  if (key.type === "INT" && !/^-?\d{1,15}$/.test(text.trim())) return problem("a whole number");
  if (key.type === "BOOLEAN" && !/^(true|false)$/i.test(text.trim())) return problem("true or false");
  if (key.oneOf !== undefined && !key.oneOf.includes(text)) return problem(`one of ${key.oneOf.join(", ")}`);
  const expected = key.expected?.(text);
  return expected === undefined ? undefined : problem(expected);
}

/** One line for people. */
export function describeProblem({ key, expected, got, meant }: Problem): string {
  return `${key}: expected ${expected}, got ${got}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

/** An INT key's check: between two numbers, both included. */
export const between = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  return value >= least && value <= most ? undefined : `a whole number from ${least} to ${most}`;
};

/** A STRING key's check: a regular expression that JavaScript can read. */
export function isPattern(text: string): string | undefined {
  try {
    new RegExp(text, "u");
    return undefined;
  } catch {
    return "a regular expression";
  }
}
