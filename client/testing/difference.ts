/** Something with which a test library stands for many values, such as `expect.any(Number)`. */
type Matcher = { asymmetricMatch(value: unknown): boolean; toAsymmetricMatcher?(): string };

/** One thing that is not as it was wanted. */
export type Difference = { readonly path: string; readonly expected: unknown; readonly got: unknown };

/**
 * Where `got` is not what `wanted` says. Of objects only the wanted fields count, arrays count as a whole; a Date is its text in
 * JSON, and matchers of a test library are asked.
 */
export function differencesOf(wanted: unknown, got: unknown, path = ""): Difference[] {
  if (isMatcher(wanted)) {
    return wanted.asymmetricMatch(got)
      ? []
      : [{ path, expected: wanted.toAsymmetricMatcher?.() ?? String(wanted), got }];
  }
  const plain = wanted instanceof Date ? wanted.toJSON() : wanted;
  if (typeof plain !== "object" || plain === null) return Object.is(plain, got) ? [] : [{ path, expected: plain, got }];
  if (typeof got !== "object" || got === null || Array.isArray(plain) !== Array.isArray(got)) {
    return [{ path, expected: plain, got }];
  }
  const fields = Object.entries(plain).filter(([, value]) => value !== undefined);
  const length = Array.isArray(plain) && Array.isArray(got) && plain.length !== got.length;
  return [
    ...(length ? [{ path: `${path}.length`, expected: plain.length, got: got.length }] : []),
    ...fields.flatMap(([name, value]) =>
      differencesOf(value, (got as Record<string, unknown>)[name], path === "" ? name : `${path}.${name}`),
    ),
  ];
}

/** The part of `got` that `wanted` speaks of, so that a comparison of both shows nothing else. */
export function partOf(wanted: unknown, got: unknown): unknown {
  if (typeof wanted !== "object" || wanted === null || isMatcher(wanted) || wanted instanceof Date) return got;
  if (typeof got !== "object" || got === null || Array.isArray(wanted) || Array.isArray(got)) return got;
  const names = Object.keys(wanted).filter((name) => name in got);
  const fields = names.map((name) => [
    name,
    partOf((wanted as Record<string, unknown>)[name], (got as Record<string, unknown>)[name]),
  ]);
  return Object.fromEntries(fields);
}

/** `data.rating: expected 5, got 4` */
export function differenceText({ path, expected, got }: Difference): string {
  return `${path}: expected ${short(expected)}, got ${got === undefined ? "nothing" : short(got)}`;
}

/** A value in a sentence. */
export function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

function isMatcher(value: unknown): value is Matcher {
  return typeof value === "object" && value !== null && "asymmetricMatch" in value;
}
