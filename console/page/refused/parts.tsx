import type { Fault, Kind } from "../../refused/shapes.ts";
import { Time } from "../parts/list-parts.tsx";
import { kindWords, placeText } from "./words.ts";

/** A sign beside its word: nothing is said by colour alone. */
export function KindMark({ kind }: { readonly kind: Kind }) {
  const { one, sign } = kindWords[kind];
  return (
    <span class={`kind-mark ${kind}`}>
      <span aria-hidden="true">{sign}</span> {one}
    </span>
  );
}

export function Moment({ at }: { readonly at: number | null }) {
  return at === null ? <>not known</> : <Time at={at} />;
}

/** Where, what was expected, what came. */
export function FaultFacts({ fault, kind }: { readonly fault: Fault; readonly kind: Kind }) {
  return (
    <dl class="fault-facts">
      <div>
        <dt>{kind === "dead" ? "Record" : "Path"}</dt>
        <dd class="mono">{placeText(fault)}</dd>
      </div>
      {fault.expected === "" ? null : (
        <div>
          <dt>Expected</dt>
          <dd>{fault.expected}</dd>
        </div>
      )}
      {fault.got === "" ? null : (
        <div>
          <dt>Got</dt>
          <dd>
            {fault.got}
            {fault.didYouMean === undefined ? null : <> (did you mean {fault.didYouMean}?)</>}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** What went wrong with a question, where the answer would stand. */
export function Problem({ words }: { readonly words: string | undefined }) {
  if (words === undefined) return null;
  return (
    <p class="refusal" role="alert">
      <span aria-hidden="true">✕ </span>
      {words}
    </p>
  );
}

type ChoiceProps = {
  readonly name: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly words: string }[];
  onChoose(value: string): void;
};

export function Choice({ name, value, options, onChoose }: ChoiceProps) {
  return (
    <label class="choice">
      <span>{name}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Files of what is shown; personal fields are masked in them for everyone. */
export function ExportLinks({ query }: { readonly query: URLSearchParams }) {
  const address = (format: string) => {
    const own = new URLSearchParams(query);
    own.delete("before");
    own.set("format", format);
    return `/api/refused/export?${own}`;
  };
  return (
    <p class="export">
      Export{" "}
      <a href={address("csv")} download>
        CSV
      </a>{" "}
      <a href={address("jsonl")} download>
        JSON lines
      </a>
    </p>
  );
}
