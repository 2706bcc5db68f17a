import { type ErrorCode, errorTable } from "../runtime/index.ts";
import type { Violation } from "../schemas/index.ts";
import type { Entry, EntryBytes, EntryCount, Replay } from "../sinks/quarantine/index.ts";

/** An id as people read and type it; its beginning is enough for every command. */
export function shortId(quarantineId: string): string {
  return quarantineId.slice(0, 14);
}

/** What is wrong, where. */
export function describeViolation({ code, pointer, expected, got, didYouMean }: Violation): string {
  const place = pointer === "" ? "" : `${pointer}: `;
  const hint = didYouMean === undefined ? "" : `; did you mean ${didYouMean}?`;
  return `${code}  ${place}expected ${expected}, got ${got}${hint}`;
}

/** An entry in one line. */
export function describeEntry(entry: Entry): string {
  const [first] = entry.violations;
  const tries =
    entry.attempts === 0 ? "" : `  (${times(entry.attempts, "attempt")}, ${entry.last_status ?? "no answer"})`;
  const seen = entry.times_seen > 1 ? `  sent ${entry.times_seen} times` : "";
  const head = `${shortId(entry.quarantine_id)}  ${entry.received_at.toISOString()}  ${entry.state.padEnd(8)}`;
  const why = first === undefined ? entry.code : describeViolation(first);
  return oneLine(`${head}  ${entry.type}  ${entry.key_name}  ${why}${tries}${seen}`);
}

/** How many there are of each reason, in a table. */
export function describeCounts(counts: readonly EntryCount[]): readonly string[] {
  const width = Math.max(0, ...counts.map(({ count }) => String(count).length));
  const codeWidth = Math.max(0, ...counts.map(({ code }) => code.length));
  return counts.map(({ count, code, type, state }) =>
    oneLine(`${String(count).padStart(width)}  ${code.padEnd(codeWidth)}  ${state.padEnd(8)}  ${type}`),
  );
}

/** Everything about an entry. */
export function describeWhole(entry: Entry & EntryBytes, replays: readonly Replay[]): readonly string[] {
  const { fixed } = entry;
  const fields: readonly (readonly [string, string | number | null])[] = [
    ["id", entry.quarantine_id],
    ["state", entry.state],
    ["event id", entry.event_id],
    ["type", entry.type],
    ["source", entry.source],
    ["time", entry.time],
    ["subject", entry.subject],
    ["schema id", entry.schema_id],
    ["key", `${entry.key_name} (${entry.stage})`],
    ["token of", entry.token_subject],
    ["received", entry.received_at.toISOString()],
    ["sent", entry.times_seen === 1 ? null : `${entry.times_seen} times, last ${entry.last_received_at.toISOString()}`],
    ["fixed", fixed === null ? null : `${entry.fixed_at?.toISOString()} by ${entry.fixed_by}`],
  ];
  const shown = fields.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(10)} ${value}`);
  return [
    ...shown.map(oneLine),
    "",
    "What is wrong:",
    ...entry.violations.map((violation) => oneLine(`  ${describeViolation(violation)}`)),
    `What to do: ${remedyOf(entry.code)}`,
    ...(replays.length === 0 ? [] : ["", "Attempts to post it again:", ...replays.map(describeReplay)]),
    "",
    `The event as it came (${times(entry.original.length, "byte")}):`,
    textOf(entry.original),
    ...(fixed === null ? [] : ["", "The corrected version, which is posted in its place:", textOf(fixed)]),
  ];
}

function describeReplay({ attempt, started_at, by, door, posted_id, status, code }: Replay): string {
  const said = status === null ? "no answer was heard" : `${status}${code === null ? "" : ` (${code})`}`;
  return oneLine(`  ${attempt}  ${started_at.toISOString()}  ${said}  by ${by} to ${door}, id ${posted_id}`);
}

export function remedyOf(code: string): string {
  return code in errorTable ? errorTable[code as ErrorCode].remedy : "A newer version of hailstream knows this code.";
}

/** Indented; as it is when it is no JSON. */
export function textOf(bytes: Buffer): string {
  let text = bytes.toString();
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Shown as it is.
  }
  return text.split("\n").map(oneLine).join("\n");
}

export function times(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** What an app has sent must not move the cursor or colour the terminal of whoever looks at it. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "\u2400");
}
