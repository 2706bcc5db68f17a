/**
 * Which findings to tell: all that stand, each time, since what hears of them forgets in time; and once more each that stood before and no longer does, as
 * `ended` makes of it.
 */
export function createStanding<T>(
  keyOf: (finding: T) => string,
  ended: (before: T) => T,
): (found: readonly T[]) => readonly T[] {
  let standing = new Map<string, T>();
  return (found) => {
    const now = new Map(found.map((finding) => [keyOf(finding), finding]));
    const over = [...standing].filter(([key]) => !now.has(key)).map(([, before]) => ended(before));
    standing = now;
    return [...found, ...over];
  };
}
