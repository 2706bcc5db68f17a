import { fileText, type ListFormat, mediaTypes, type Row } from "../../lists/file-text.ts";

type SaveProps = {
  /** What the file is called, before the time and the ending. */
  readonly name: string;
  /** Of which personal values are masked already. */
  rows(): readonly Row[];
  readonly disabled?: boolean;
};

/** Buttons that give what is shown to the browser as a file to keep. */
export function Save({ name, rows, disabled = false }: SaveProps) {
  const stamp = () => new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const save = (format: ListFormat) => () =>
    saveFile(`hailstream-${name}-${stamp()}.${format}`, mediaTypes[format], fileText(format, rows()));
  return (
    <fieldset class="save" disabled={disabled}>
      <legend>Save (personal fields masked)</legend>
      <button type="button" onClick={save("csv")}>
        CSV
      </button>
      <button type="button" onClick={save("jsonl")}>
        JSON lines
      </button>
    </fieldset>
  );
}

function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
