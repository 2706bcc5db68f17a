type RandomBytes = { getRandomValues(bytes: Uint8Array): unknown };

/** A UUIDv7 (RFC 9562): ordered by time, so that the index of a table grows at its end. React Native needs a polyfill of `crypto` for strong randomness. */
export function uuidv7(now: number): string {
  const bytes = new Uint8Array(16);
  const source = (globalThis as { crypto?: RandomBytes }).crypto;
  if (source !== undefined) source.getRandomValues(bytes);
  else for (let at = 0; at < 16; at++) bytes[at] = Math.floor(Math.random() * 256);
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(now / 256 ** (5 - at)) % 256;
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
