import { createHash } from "node:crypto";

/** What an error says about where it comes from. */
export type ErrorTrace = {
  readonly app: string;
  readonly errorType: string;
  readonly message: string;
  /** Innermost frame first. */
  readonly stack: readonly string[];
};

export type Fingerprint = {
  /** 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** At most five, without what differs between versions, devices and runs. */
  readonly topFrames: readonly string[];
};

const maxFrames = 5;
const maxLength = 200;
/** What is looked at of a frame or a message. */
const maxRead = 1_000;

/**
 * What an error has in common with others of the same cause, whatever the version of the app, the device and the run: app, type and the
 * innermost frames without line numbers, addresses, ids and bundle hashes. An error without a stack goes by its message, which is
 * hashed and not shown, for it may quote what a user typed.
 */
export function fingerprintOf({ app, errorType, message, stack }: ErrorTrace): Fingerprint {
  const topFrames: string[] = [];
  for (const frame of stack) {
    if (topFrames.length === maxFrames) break;
    const plain = plainFrame(frame);
    // Recursion must not tell a deep call from a shallow one.
    if (plain !== "" && plain !== topFrames.at(-1)) topFrames.push(plain);
  }
  const place = topFrames.length > 0 ? topFrames : [plainMessage(message)];
  const text = JSON.stringify([app, withoutIds(errorType.slice(0, maxRead).trim()), place]);
  return { fingerprint: createHash("sha256").update(text).digest("hex").slice(0, 16), topFrames };
}

/** One frame of a stack of JavaScript, the JVM or a native library, without what is not the same everywhere. */
export function plainFrame(frame: string): string {
  return withoutIds(
    frame
      .slice(0, maxRead)
      .trim()
      .replace(/^(?:at|in)\s+/, "")
      // Native: "3   RiderApp   0x0000000104a1b2c3   -[Map show:] + 412", "#01 pc 00044d2c  /lib/libmap.so (Map::show+36)".
      .replace(/^#?\d+\s+/, "")
      .replace(/\bpc\s+[0-9a-f]{6,16}\b/i, "")
      .replace(/\b0x[0-9a-f]+\b/gi, "")
      .replace(/\s*\+\s*(?:0x[0-9a-f]+|\d+)(?=\)|$|\s)/gi, "")
      // Of an address only the file: the host and the folder change with every release.
      .replace(/(?:https?|file|webpack|app):\/\/[^\s)]*\/([^\s)/]*)/gi, "$1")
      .replace(/\?[^\s):]*/g, "")
      // main.3f9a2b1c.js, chunk-4QZ7XK2B.js, index-BNx8s2Qa.bundle: a hash has a digit in it.
      .replace(/[.\-_](?=[\w-]*\d)[\w-]{6,40}(?=\.(?:m?js|cjs|jsx?|tsx?|bundle|jsbundle|hbc)\b)/gi, "")
      // Quote.kt:41, quote.js:1:20311
      .replace(/(?::\d+)+(?=\)|$|\s)/g, "")
      .replace(/\bline \d+\b/gi, "line")
      // Anonymous classes and lambdas are numbered by the compiler.
      .replace(/\$\$?\d+/g, "$")
      .replace(/\bBuildId: [0-9a-f]+/gi, ""),
  )
    .replace(/\(\s*\)/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, maxLength);
}

function plainMessage(message: string): string {
  return withoutIds(
    message
      .slice(0, maxRead)
      .replace(/(["'`]).*?\1/g, "#")
      .replace(/\b0x[0-9a-f]+\b/gi, "#"),
  )
    .replace(/\d+/g, "#")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, maxLength);
}

/** UUIDs, ids with a prefix as ours (drv_8f2c1a), and long numbers. */
function withoutIds(text: string): string {
  return text
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "#")
    .replace(/\b[a-z]{2,4}_(?=[0-9a-z]*\d)[0-9a-z]{4,}\b/g, "#")
    .replace(/\b[0-9a-f]{16,}\b/gi, "#")
    .replace(/\b\d{4,}\b/g, "#");
}
