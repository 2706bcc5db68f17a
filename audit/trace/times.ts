const uuidV7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** When an id was made, by the clock of whoever made it: a UUID of version 7 says so (RFC 9562, 5.7). Milliseconds since 1970. */
export function madeAt(id: string): number | undefined {
  const [, high, low] = uuidV7.exec(id) ?? [];
  return high === undefined || low === undefined ? undefined : Number.parseInt(high + low, 16);
}
