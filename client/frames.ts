/**
 * One line of a file: length of the text in characters, CRC-32 of the rest, its number in the file from 0, the text. The length finds the end
 * when a newline was damaged, and newlines find the next frame when a length was; the numbers tell how many are missing between.
 */
export function frameOf(number: number, text: string): string {
  const body = `${number} ${text}`;
  return `${body.length} ${crc32(body)} ${body}\n`;
}

export type Frames = {
  readonly texts: readonly string[];
  /** How many frames were damaged. One that a kill cut off at the end was never promised and is not among them. */
  readonly damaged: number;
};

/** Reads what `frameOf` wrote, however damaged: frames that are whole, in order. */
export function readFrames(file: string): Frames {
  const texts: string[] = [];
  let damaged = 0;
  let expected = 0;
  let lostAt = -1;
  for (let at = 0; at < file.length; ) {
    const frame = frameAt(file, at);
    if (frame === undefined || frame.number < expected) {
      if (lostAt < 0) lostAt = at;
      const next = file.indexOf("\n", at);
      at = next < 0 ? file.length : next + 1;
      continue;
    }
    damaged += frame.number - expected;
    expected = frame.number + 1;
    texts.push(frame.text);
    lostAt = -1;
    at = frame.end;
  }
  // No later number tells how many are missing at the end; their newlines do.
  if (lostAt >= 0) damaged += file.slice(lostAt).split("\n").length - 1;
  return { texts, damaged };
}

function frameAt(file: string, at: number): { number: number; text: string; end: number } | undefined {
  const head = /^(\d{1,9}) ([0-9a-f]{1,8}) /.exec(file.slice(at, at + 20));
  if (head === null) return undefined;
  const start = at + head[0].length;
  const end = start + Number(head[1]);
  const body = file.slice(start, end);
  if (end > file.length || crc32(body) !== head[2]) return undefined;
  const space = body.indexOf(" ");
  return { number: Number(body.slice(0, space)), text: body.slice(space + 1), end: end + 1 };
}

let table: Uint32Array | undefined;

/** CRC-32 (IEEE 802.3) over the UTF-16 units of a text, low byte first: without a dependency, and without encoding the text. */
function crc32(text: string): string {
  if (table === undefined) {
    table = new Uint32Array(256);
    for (let byte = 0; byte < 256; byte++) {
      let value = byte;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      table[byte] = value;
    }
  }
  let crc = ~0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    crc = (crc >>> 8) ^ (table[(crc ^ unit) & 0xff] as number);
    crc = (crc >>> 8) ^ (table[(crc ^ (unit >>> 8)) & 0xff] as number);
  }
  return (~crc >>> 0).toString(16);
}
