import { isUtf8 } from "node:buffer";
import { errorTable } from "../../runtime/index.ts";
import type { Violation } from "../../schemas/index.ts";
import type { Items } from "./items.ts";
import { hasEscapes } from "./parse-json.ts";
import type { Line } from "./split-lines.ts";

/** The events of some lines, one a line. A line that cannot be read is a problem of its own. */
export function lineItems(lines: readonly Line[], maxLineBytes: number): Items {
  const values: unknown[] = new Array(lines.length);
  const problems = new Map<number, Violation>();
  let escapes = false;
  for (let i = 0; i < lines.length; i++) {
    const { bytes, tooLong } = lines[i] as Line;
    if (tooLong) problems.set(i, wrong("event_too_large", `at most ${maxLineBytes} bytes`, "more"));
    // Decoding would replace invalid bytes in silence, and the event stored would not be the event sent.
    else if (!isUtf8(bytes)) problems.set(i, wrong("event_utf8_invalid", "UTF-8", "other bytes"));
    else {
      try {
        values[i] = JSON.parse(bytes.toString("utf8"));
        escapes ||= hasEscapes(bytes);
      } catch {
        problems.set(i, wrong("event_json_invalid", "a JSON object", "no JSON"));
      }
    }
  }
  return {
    values,
    ...(problems.size === 0 ? {} : { problems }),
    escapes,
    bytesOf: (index) => lines[index]?.bytes ?? Buffer.alloc(0),
  };
}

function wrong(
  code: "event_too_large" | "event_utf8_invalid" | "event_json_invalid",
  expected: string,
  got: string,
): Violation {
  return { code, pointer: "", expected, got, message: errorTable[code].title };
}
