import { findEntry, replaysOf } from "../sinks/quarantine/index.ts";
import type { AddQuarantinePart } from "./quarantine-part.ts";
import { describeWhole, remedyOf } from "./quarantine-words.ts";

/** `hailstream quarantine show ID`. */
export function addShow(part: AddQuarantinePart): void {
  part(
    "show <id>",
    "Shows one event: all that is known of it, what is wrong, what to do, its bytes.",
    async (tools, [id]) => {
      const { db, context, tell, wanted } = tools;
      const entry = await findEntry(db, String(id));
      if (wanted.raw === true) {
        context.stdout.write(entry.original);
        return;
      }
      const replays = await replaysOf(db, entry.quarantine_id);
      const { original, fixed, ...fields } = entry;
      const result = {
        ...fields,
        what_to_do: remedyOf(entry.code),
        // Exact, whatever the bytes are; the texts are for reading.
        original_base64: original.toString("base64"),
        original: original.toString(),
        fixed: fixed?.toString() ?? null,
        replays,
      };
      tell(result, () => describeWhole(entry, replays));
    },
    { own: (command) => command.option("--raw", "print the original bytes and nothing else") },
  );
}
