import type { StreamLetter } from "../stream/letters/index.ts";
import { findLetter } from "./dlq-filters.ts";
import type { AddDlqPart, DlqTools } from "./dlq-part.ts";
import { oneLine, remedyOf, times } from "./quarantine-words.ts";

/** `hailstream dlq show ID`. */
export function addDlqShow(part: AddDlqPart): void {
  part("show <id>", "Shows one dead letter: where it lies, what is wrong, what to do, its bytes.", show, (command) =>
    command.option("--raw", "print the bytes of the record's value and nothing else"),
  );
}

async function show(tools: DlqTools, [id]: readonly unknown[]): Promise<void> {
  const { context, tell, wanted } = tools;
  const found = await findLetter(tools, String(id));
  const { key, value, headers, ...fields } = "stream" in found ? wholeOf(found.stream) : found.sinks;
  if (wanted.raw === true) {
    if (value !== null) context.stdout.write(value);
    return;
  }
  const what_to_do = remedyOf(fields.code);
  const bytes = { key_base64: key?.toString("base64") ?? null, value_base64: value?.toString("base64") ?? null };
  tell({ ...fields, what_to_do, headers, ...bytes }, () => [
    ...Object.entries(fields)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => oneLine(`${name.padEnd(10)} ${field instanceof Date ? field.toISOString() : field}`)),
    "",
    `What to do: ${what_to_do} Then: hailstream dlq redrive ${fields.id}`,
    "",
    "Headers:",
    ...Object.entries(headers).map(([name, content]) =>
      oneLine(`  ${name}: ${typeof content === "string" ? content : JSON.stringify(content)}`),
    ),
    "",
    `Key: ${key === null ? "none" : oneLine(key.toString())}`,
    value === null ? "No value: a tombstone." : `Value (${times(value.length, "byte")}): ${value.toString("base64")}`,
  ]);
}

function wholeOf({ letter, record }: StreamLetter) {
  const headers = Object.fromEntries(
    Object.entries(record.headers).map(([name, value]) => [name, String(Array.isArray(value) ? value[0] : value)]),
  );
  return { ...letter, key: record.key, value: record.value, headers };
}
