/** Of how many of these partitions the offsets are not known now, and why; null: all are known. */
export function unknownWords(partitions: readonly object[]): string | null {
  const whys = partitions.flatMap((each) => ("why" in each && typeof each.why === "string" ? [each.why] : []));
  if (whys.length === 0) return null;
  const total = `${partitions.length} partition${partitions.length === 1 ? "" : "s"}`;
  return `offsets of ${whys.length} of ${total} not known: ${[...new Set(whys)].join("; ")}`;
}
