export type Inspection = {
  readonly code:
    | "event_too_large"
    | "event_too_deep"
    | "event_too_many_keys"
    | "event_text_too_long"
    | "event_key_forbidden"
    | "event_text_invalid";
  readonly pointer: string;
};

export type InspectionLimits = {
  readonly maxEventBytes: number;
  readonly maxDepth: number;
  /** Keys and array items in all. */
  readonly maxKeys: number;
  /** Of a text or a key. */
  readonly maxTextChars: number;
};

/** Keys that change an object's nature when some code behind us copies it key by key. */
const isForbidden = (key: string): boolean =>
  // The lengths spare most keys the comparison.
  (key.length === 9 && (key === "__proto__" || key === "prototype")) || (key.length === 11 && key === "constructor");

const forbiddenWords = ["__proto__", "prototype", "constructor"].map((word) => Buffer.from(word));

/** A character takes at most six bytes in JSON (`\u0000`), a number or a literal at most 25. */
const mostBytesOfCharacter = 6;
const mostBytesOfScalar = 25;

/**
 * Looks through a parsed event before anything else touches it: its size as compact JSON, its depth, keys that poison
 * objects, and text that Postgres cannot hold (NUL) or UTF-8 cannot write (half of a surrogate pair). The work is bounded by
 * the limits, whatever the event holds.
 *
 * @param escapes whether the request's text held a `\u` escape at all: without one no NUL and no half pair can be in it,
 *   since JSON allows neither unescaped.
 */
export function inspectValue(event: object, limits: InspectionLimits, escapes: boolean): Inspection | undefined {
  const walk: Walk = { limits, escapes, least: 2, most: 2, keys: 0, found: undefined };
  visit(event, "", 1, walk);
  if (walk.found !== undefined) return walk.found;
  // Only an event that may be too large is written out and measured.
  const surelyFits = walk.most <= limits.maxEventBytes;
  if (!surelyFits && Buffer.byteLength(JSON.stringify(event)) > limits.maxEventBytes) {
    return { code: "event_too_large", pointer: "" };
  }
  return undefined;
}

/**
 * Whether the bytes of an event show without a walk that {@link inspectValue} would find nothing: few of them, few brackets, no escapes,
 * and none of the forbidden keys even as a text. False says nothing.
 */
export function isHarmless(json: Buffer, limits: InspectionLimits): boolean {
  // No number grows more than this when it is written anew ("1e20").
  if (json.length * mostGrowth > limits.maxEventBytes) return false;
  if (json.length > limits.maxTextChars || json.length > limits.maxKeys * leastBytesOfItem) return false;
  let brackets = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === openBrace || byte === openBracket) brackets++;
    else if (byte === backslash) return false;
  }
  if (brackets > limits.maxDepth) return false;
  for (const word of forbiddenWords) if (json.includes(word)) return false;
  return true;
}

const mostGrowth = 6;
/** An array's item takes two bytes at least: `0,`. */
const leastBytesOfItem = 2;
const openBrace = 0x7b;
const openBracket = 0x5b;
const backslash = 0x5c;

type Walk = {
  readonly limits: InspectionLimits;
  readonly escapes: boolean;
  /** Bounds of the bytes as JSON of what was seen so far. */
  least: number;
  most: number;
  keys: number;
  found: Inspection | undefined;
};

function visit(value: object, pointer: string, depth: number, walk: Walk): void {
  if (depth > walk.limits.maxDepth) {
    walk.found = { code: "event_too_deep", pointer };
    return;
  }
  const isArray = Array.isArray(value);
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    const named = isArray ? 0 : key.length;
    walk.least += named + 1;
    walk.most += named * mostBytesOfCharacter + 4;
    if (++walk.keys > walk.limits.maxKeys) walk.found = { code: "event_too_many_keys", pointer };
    else if (!isArray && key.length > walk.limits.maxTextChars) walk.found = { code: "event_text_too_long", pointer };
    else if (isForbidden(key)) walk.found = { code: "event_key_forbidden", pointer: below(pointer, key) };
    else if (typeof item === "string") {
      walk.least += item.length;
      walk.most += item.length * mostBytesOfCharacter + 2;
      if (item.length > walk.limits.maxTextChars) {
        walk.found = { code: "event_text_too_long", pointer: below(pointer, key) };
      } else if (walk.escapes && !isStorable(item)) {
        walk.found = { code: "event_text_invalid", pointer: below(pointer, key) };
      }
    } else if (typeof item === "object" && item !== null) {
      walk.most += 2;
      visit(item, below(pointer, key), depth + 1, walk);
    } else walk.most += mostBytesOfScalar;
    if (walk.found !== undefined) return;
    if (walk.least > walk.limits.maxEventBytes) {
      walk.found = { code: "event_too_large", pointer: "" };
      return;
    }
  }
}

function isStorable(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}

/** The JSON pointer (RFC 6901) of a key under `pointer`. */
export function below(pointer: string, key: string): string {
  return `${pointer}/${key.includes("~") || key.includes("/") ? key.replaceAll("~", "~0").replaceAll("/", "~1") : key}`;
}
