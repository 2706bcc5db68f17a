import { useState } from "preact/hooks";
import type { SchemaVerdict } from "../../schemas/shapes.ts";
import { ask } from "../api.ts";
import { Mark } from "../parts/list.tsx";
import { ChangesTable } from "./changes-table.tsx";
import { versionText } from "./schema-words.ts";

/** Says what a pasted schema would mean for the records that are there. Nothing is saved. */
export function CheckSchema({ api }: { readonly api: string }) {
  const [text, setText] = useState("");
  const [verdict, setVerdict] = useState<SchemaVerdict>();
  const [problem, setProblem] = useState<string>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      setVerdict(await ask<SchemaVerdict>(`${api}/check`, { method: "POST", body: { schema: text } }));
    } catch (error) {
      setVerdict(undefined);
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      <h2>Would another schema do?</h2>
      <form class="check-schema" onSubmit={(event) => void submit(event)}>
        <label for="pasted">
          A schema file, or what the registry has of one, to be compared with every version. Nothing is saved.
        </label>
        <textarea
          {...{ id: "pasted", rows: 6, required: true, spellcheck: false, value: text }}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Check
        </button>
      </form>
      <div role="status">
        {problem === undefined ? null : <p class="refusal">✕ {problem}</p>}
        {verdict === undefined ? null : <Verdict verdict={verdict} />}
      </div>
    </>
  );
}

function Verdict({ verdict: { problem, results } }: { readonly verdict: SchemaVerdict }) {
  if (problem !== null) return <p class="refusal">✕ {problem}</p>;
  const broken = results.filter(({ compatible }) => !compatible);
  const shown = broken.length > 0 ? broken : results.slice(-1);
  return (
    <>
      <p class="check-verdict">
        {broken.length === 0 ? (
          <Mark of="ok">It reads all {results.length} versions.</Mark>
        ) : (
          <Mark of="fault">
            It breaks {broken.map(({ version }) => versionText(version)).join(", ")}: {brokenFields(broken)}
          </Mark>
        )}
      </p>
      {shown.map(({ version, changes }) =>
        changes.length === 0 ? (
          <p class="empty" key={version}>
            Nothing changes against {versionText(version)}.
          </p>
        ) : (
          <div key={version}>
            <h3 class="of-topic">Against {versionText(version)}</h3>
            <ChangesTable changes={changes} label={`Against ${versionText(version)}`} />
          </div>
        ),
      )}
    </>
  );
}

function brokenFields(broken: SchemaVerdict["results"]): string {
  const fields = broken.flatMap(({ changes }) => changes.filter(({ breaking }) => breaking).map(({ field }) => field));
  return [...new Set(fields)].map((field) => (field === "" ? "the record itself" : field)).join(", ");
}
