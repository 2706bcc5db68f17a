export type Hex = {
  readonly text: string;
  /** So many bytes more are not in the text. */
  readonly left: number;
};

/** Bytes in base64 as lines of sixteen: place, hex, and the letters that they are. */
export function hexOf(base64: string, most = 4_096): Hex {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const shown = bytes.subarray(0, most);
  const lines: string[] = [];
  for (let at = 0; at < shown.length; at += 16) {
    const row = [...shown.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  ${letters}`);
  }
  return { text: lines.join("\n"), left: bytes.length - shown.length };
}
