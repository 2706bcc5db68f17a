import { useState } from "preact/hooks";
import type { Correction, EditOrder } from "../../refused/act-shapes.ts";
import { readValue } from "./act-words.ts";
import { Problem } from "./parts.tsx";
import { jsonText, textOfBytes } from "./words.ts";

type Props = { onFix(correction: Correction, dryRun: boolean): void };

type Row = { readonly kind: EditOrder["kind"]; readonly pointer: string; readonly value: string };

const kinds = [
  { value: "set", words: "Put a value at" },
  { value: "unset", words: "Take out" },
  { value: "move", words: "Move from" },
] as const;

const emptyRow: Row = { kind: "set", pointer: "/data/", value: "" };

/** The same edits for all, as `hailstream quarantine fix --set, --unset, --move` has them. */
export function EditsForm({ onFix }: Props) {
  const [rows, setRows] = useState<readonly Row[]>([emptyRow]);
  const [newId, setNewId] = useState(false);
  const [problem, setProblem] = useState<string>();
  const change = (index: number, changes: Partial<Row>) =>
    setRows(rows.map((row, i) => (i === index ? { ...row, ...changes } : row)));
  const send = (dryRun: boolean) => {
    const edits = rows.filter(({ pointer }) => pointer !== "" && pointer !== "/data/").map(editOf);
    if (edits.length === 0 && !newId)
      return setProblem("Say what is to be changed: a JSON pointer such as /data/speed.");
    setProblem(undefined);
    onFix({ edits, newId }, dryRun);
  };
  return (
    <div class="fix">
      {rows.map((row, index) => (
        // Rows have no name but their place.
        <div class="edit" key={String(index)}>
          <label class="choice">
            <span>Change {index + 1}</span>
            <select
              value={row.kind}
              onChange={(event) => change(index, { kind: event.currentTarget.value as Row["kind"] })}
            >
              {kinds.map(({ value, words }) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <label class="choice">
            <span>JSON pointer</span>
            <input
              class="mono"
              value={row.pointer}
              onInput={(event) => change(index, { pointer: event.currentTarget.value })}
            />
          </label>
          {row.kind === "unset" ? null : (
            <label class="choice">
              <span>{row.kind === "set" ? "Value, JSON or a text" : "To the JSON pointer"}</span>
              <input
                class="mono"
                value={row.value}
                onInput={(event) => change(index, { value: event.currentTarget.value })}
              />
            </label>
          )}
        </div>
      ))}
      <label class="check">
        <input type="checkbox" checked={newId} onChange={(event) => setNewId(event.currentTarget.checked)} />
        Give each an id of its own
      </label>
      <div class="buttons">
        <button type="button" onClick={() => setRows([...rows, emptyRow])}>
          One more change
        </button>
        <button type="button" onClick={() => send(true)}>
          Try the correction
        </button>
        <button type="button" class="primary" onClick={() => send(false)}>
          Keep the correction
        </button>
      </div>
      <Problem words={problem} />
    </div>
  );
}

function editOf({ kind, pointer, value }: Row): EditOrder {
  if (kind === "set") return { kind, pointer, value: readValue(value) };
  return kind === "unset" ? { kind, pointer } : { kind, from: pointer, to: value };
}

/** The one event as a whole. @param version the bytes that would be sent now, base64 */
export function EventForm({ version, onFix }: Props & { readonly version: string }) {
  const [text, setText] = useState(() => {
    const was = textOfBytes(version) ?? "";
    const parsed = readValue(was);
    return typeof parsed === "object" ? jsonText(parsed) : was;
  });
  const [problem, setProblem] = useState<string>();
  const send = (dryRun: boolean) => {
    const event = readValue(text);
    if (typeof event !== "object" || event === null || Array.isArray(event)) {
      return setProblem("This is no JSON object; an event is one.");
    }
    setProblem(undefined);
    onFix({ event: event as Record<string, unknown>, before: version }, dryRun);
  };
  return (
    <div class="fix">
      <label class="choice">
        <span>The event, corrected</span>
        <textarea
          class="mono"
          rows={Math.min(28, text.split("\n").length + 1)}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <div class="buttons">
        <button type="button" onClick={() => send(true)}>
          Try the correction
        </button>
        <button type="button" class="primary" onClick={() => send(false)}>
          Keep the correction
        </button>
      </div>
      <Problem words={problem} />
    </div>
  );
}
