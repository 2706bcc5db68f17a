import { useState } from "preact/hooks";
import type { AlertsNow, Labels } from "../../alerts/shapes.ts";
import { ask } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { shortTimeText } from "../parts/words.ts";
import { goTo, usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import { labelsOf, minutesOf } from "./alert-words.ts";
import { ForOperate } from "./labels.tsx";

/** The form of a silence; what the address names stands in it. */
export function SilenceView() {
  return (
    <>
      <p class="back">
        <Link to="/alerts/silences">← Silences</Link>
      </p>
      <h1>New silence</h1>
      <p class="hint">
        What a silence is about goes on being watched; nobody is told until it ends. What still holds then is told then.
      </p>
      <ForOperate>
        <SilenceForm />
      </ForOperate>
    </>
  );
}

function SilenceForm() {
  const { zone } = useSettings();
  const given = new URLSearchParams(usePlace().search);
  const [rule, setRule] = useState(given.get("rule") ?? "");
  const [labels, setLabels] = useState(given.getAll("label").join("\n"));
  const [length, setLength] = useState("1h");
  const [reason, setReason] = useState("");
  const [refusal, setRefusal] = useState<string>();
  const { answer: now } = useAsked<AlertsNow>("/api/alerts/now");
  const minutes = minutesOf(length);
  const read = labelsOf(labels);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (minutes === undefined) return setRefusal("How long? For example 40m, 2h, 1d; thirty days at most.");
    if ("wrong" in read) return setRefusal(`A label is NAME=VALUE, not ${read.wrong}`);
    const matches: Labels = { ...(rule.trim() === "" ? {} : { rule: rule.trim() }), ...read.labels };
    if (Object.keys(matches).length === 0)
      return setRefusal("Name a rule or a label: else it would silence everything.");
    try {
      await ask("/api/alerts/silences", { method: "POST", body: { matches, minutes, reason } });
      goTo("/alerts/silences");
    } catch (error) {
      setRefusal((error as Error).message);
    }
  };
  return (
    <form class="form" onInput={() => setRefusal(undefined)} onSubmit={(event) => void submit(event)}>
      <label for="rule">Rule</label>
      <input id="rule" list="rules" value={rule} onInput={(event) => setRule(event.currentTarget.value)} />
      <datalist id="rules">
        {(now?.rules ?? []).map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label for="labels">Labels, one NAME=VALUE a line; all of them must be there</label>
      <textarea
        id="labels"
        rows={3}
        spellcheck={false}
        value={labels}
        onInput={(event) => setLabels(event.currentTarget.value)}
      />
      <label for="length">For how long</label>
      <input
        id="length"
        list="lengths"
        required
        value={length}
        onInput={(event) => setLength(event.currentTarget.value)}
      />
      <datalist id="lengths">
        {["30m", "1h", "2h", "8h", "1d"].map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <p class="hint">{minutes === undefined ? "" : `Until ${shortTimeText(Date.now() + minutes * 60_000, zone)}`}</p>
      <label for="reason">Reason, for whoever wonders</label>
      <input id="reason" required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      {refusal === undefined ? null : (
        <p class="refusal" role="alert">
          <span aria-hidden="true">✕ </span>
          {refusal}
        </p>
      )}
      <button type="submit" class="primary">
        Silence
      </button>
    </form>
  );
}
