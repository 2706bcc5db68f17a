import { useState } from "preact/hooks";
import type { ConnectorDetail } from "../../connectors/shapes.ts";
import { ask } from "../api.ts";
import { effectOf, expectedOf, repetition } from "./move-words.ts";

type Props = { readonly api: string; readonly detail: ConnectorDetail; refresh(): void };

/** Makes a stopped connector go on from elsewhere, after it has been said what comes of that. */
export function MoveOffsets({ api, detail, refresh }: Props) {
  const { connector, offsets } = detail;
  const [place, setPlace] = useState("all");
  const [to, setTo] = useState("");
  const [sure, setSure] = useState(false);
  const [said, setSaid] = useState<string>();
  const words =
    said === undefined ? null : (
      <p role="status" class={said.startsWith("✕") ? "refusal" : "hint"}>
        {said}
      </p>
    );
  // Also once all are taken back, of which the words tell.
  if (offsets.length === 0) return words;
  if (connector.state !== "STOPPED") {
    return <p class="hint move-hint">Its offsets can be changed while it is stopped.</p>;
  }
  const chosen = offsets.find(({ topic, partition }) => `${topic}:${partition}` === place);
  const effect =
    chosen === undefined
      ? `Everything that Kafka still has is read again. ${repetition(connector.kind)}`
      : to === ""
        ? ""
        : (effectOf(chosen, to, connector.kind) ?? expectedOf(chosen));
  const isSound = chosen === undefined || effectOf(chosen, to, connector.kind) !== undefined;
  const submit = async (event: Event) => {
    event.preventDefault();
    const body =
      chosen === undefined ? { reset: true } : { topic: chosen.topic, partition: chosen.partition, offset: Number(to) };
    try {
      await ask(`${api}/offsets`, { method: "POST", body });
      setSaid("✓ It goes on from there when it is resumed.");
      setSure(false);
    } catch (error) {
      setSaid(`✕ ${(error as Error).message}`);
    }
    refresh();
  };
  return (
    <form class="browse-form move" aria-label="Change offsets" onSubmit={(event) => void submit(event)}>
      <label>
        Go on from
        <select
          value={place}
          onChange={(event) => {
            setPlace(event.currentTarget.value);
            setSure(false);
          }}
        >
          <option value="all">the beginning, everywhere</option>
          {offsets.map(({ topic, partition }) => (
            <option key={`${topic}:${partition}`} value={`${topic}:${partition}`}>
              an offset of {topic} / {partition}
            </option>
          ))}
        </select>
      </label>
      {chosen === undefined ? null : (
        <label>
          Offset
          <input
            {...{ required: true, inputMode: "numeric", pattern: "[0-9]{1,15}", value: to }}
            onInput={(event) => {
              setTo(event.currentTarget.value);
              setSure(false);
            }}
          />
        </label>
      )}
      <p class="effect" role="status">
        {effect === "" ? "" : `! ${effect}`}
      </p>
      <label class="sure">
        <input type="checkbox" checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} />I have read
        what comes of it
      </label>
      <button type="submit" disabled={!sure || !isSound}>
        Change offsets
      </button>
      {words}
    </form>
  );
}
