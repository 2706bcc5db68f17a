/** Where something was read: topic and partition, such as orders/3, and the offset there. */
export type Place = { readonly readFrom: string; readonly readOffset: number };

/** Of each topic and partition the furthest offset that was counted. */
export type Counted = Readonly<Record<string, number>>;

/**
 * Whether what was read at a place was counted before. A processor writes what it makes in the order of its source, and begins again at an earlier place
 * after a crash, never at a later one; so the furthest place that was counted tells a repetition, and no id need be kept. It tells nothing
 * about an event that lies in the source twice: see {@link once}.
 */
export function isCounted(counted: Counted | undefined, { readFrom, readOffset }: Place): boolean {
  return readOffset <= (counted?.[readFrom] ?? -1);
}

/** The same with this place counted. */
export function withPlace(counted: Counted | undefined, { readFrom, readOffset }: Place): Counted {
  return { ...counted, [readFrom]: readOffset };
}
