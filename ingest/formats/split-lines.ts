/** One line without its end. */
export type Line = {
  /** Its number, from 0 on, blank lines counted: line n+1 of a file has the number n. */
  readonly number: number;
  /** Its bytes; of a line that is too long only as many as a line may have. */
  readonly bytes: Buffer;
  readonly tooLong: boolean;
};

/** Cuts a stream of bytes into lines, with no more memory than one line may have. */
export type LineSplitter = {
  /** The lines that end in this chunk, without blank ones. Their bytes may be parts of the chunk. */
  push(chunk: Buffer): Line[];
  /** The last line, when the text does not end with a line break. */
  end(): Line[];
  /** How many lines were seen, blank ones counted. */
  readonly count: number;
};

const lineBreak = 0x0a;

export function createLineSplitter(maxLineBytes: number): LineSplitter {
  let count = 0;
  /** The beginning of a line whose end has not come: the first `heldBytes` of these. */
  let held = Buffer.alloc(0);
  let heldBytes = 0;
  let tooLong = false;

  function hold(part: Buffer): void {
    const room = maxLineBytes - heldBytes;
    if (part.length > room) tooLong = true;
    if (part.length === 0 || room === 0) return;
    // A copy into one buffer: a chunk of 64 KiB must not stay in memory for the few bytes at its end, and a line that comes byte by
    // byte must not become a list of bytes.
    const needed = heldBytes + Math.min(part.length, room);
    if (needed > held.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxLineBytes, Math.max(2 * held.length, needed)));
      held.copy(larger, 0, 0, heldBytes);
      held = larger;
    }
    part.copy(held, heldBytes, 0, needed - heldBytes);
    heldBytes = needed;
  }

  function finish(last: Buffer): Line | undefined {
    let line: Line;
    if (heldBytes === 0 && !tooLong && last.length <= maxLineBytes) {
      line = { number: count, bytes: last, tooLong };
    } else {
      hold(last);
      line = { number: count, bytes: held.subarray(0, heldBytes), tooLong };
      held = Buffer.alloc(0);
      heldBytes = 0;
      tooLong = false;
    }
    count++;
    return !line.tooLong && isBlank(line.bytes) ? undefined : line;
  }

  return {
    push(chunk) {
      const lines: Line[] = [];
      let begin = 0;
      for (let end = chunk.indexOf(lineBreak); end >= 0; end = chunk.indexOf(lineBreak, begin)) {
        const line = finish(chunk.subarray(begin, end));
        if (line !== undefined) lines.push(line);
        begin = end + 1;
        // A run of line breaks is the cheapest thing to send, so it must be the cheapest to read.
        while (chunk[begin] === lineBreak) {
          begin++;
          count++;
        }
      }
      hold(chunk.subarray(begin));
      return lines;
    },
    end() {
      if (heldBytes === 0) return [];
      const line = finish(Buffer.alloc(0));
      return line === undefined ? [] : [line];
    },
    get count() {
      return count;
    },
  };
}

/** JSON's white space alone. */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false;
  return true;
}
