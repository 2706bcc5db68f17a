/**
 * Which findings to tell: all that stand, each time, since what hears of them forgets in time; and once more each that stood before and no longer does, as
 * `ended` makes of it. Of what cannot be seen now nobody knows that it has ended, so it stands as it was.
 */
export function createStanding<T>(
  keyOf: (finding: T) => string,
  ended: (before: T) => T,
): (found: readonly T[], isUnseen?: (before: T) => boolean) => readonly T[] {
  let standing = new Map<string, T>();
  return (found, isUnseen = () => false) => {
    const now = new Map(found.map((finding) => [keyOf(finding), finding]));
    const gone = [...standing].filter(([key]) => !now.has(key));
    const over = gone.flatMap(([, before]) => (isUnseen(before) ? [] : [ended(before)]));
    for (const [key, before] of gone) if (isUnseen(before)) now.set(key, before);
    standing = now;
    return [...now.values(), ...over];
  };
}
