import { useEffect, useState } from "preact/hooks";
import type { TraceAnswer } from "../../live/shapes.ts";
import { ask } from "../api.ts";
import { timeText, withTimes } from "../parts/words.ts";
import { useSettings } from "../settings.ts";

const outcomes = {
  stored: ["ok", "✓"],
  waiting: ["unknown", "…"],
  rejected: ["warning", "!"],
  lost: ["fault", "✕"],
  unknown: ["unknown", "?"],
} as const;

/** An event that is on its way is somewhere else a moment later. */
const againMs = 2_000;
const maxAgain = 10;

/** The way of an event through every station. */
export function EventTrace({ id }: { readonly id: string }) {
  const { zone } = useSettings();
  const [answer, setAnswer] = useState<TraceAnswer>();
  const [problem, setProblem] = useState<string>();
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let isOver = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    ask<TraceAnswer>(`/api/live/trace/${encodeURIComponent(id)}`).then(
      (found) => {
        if (isOver) return;
        setProblem(undefined);
        setAnswer(found);
        if (found.outcome === "waiting" && asked < maxAgain) again = setTimeout(() => setAsked(asked + 1), againMs);
      },
      (error: Error) => {
        if (!isOver) setProblem(error.message);
      },
    );
    return () => {
      isOver = true;
      clearTimeout(again);
    };
  }, [id, asked]);
  return (
    <>
      {problem === undefined ? null : (
        <p class="refusal" role="alert">
          <span aria-hidden="true">✕ </span>
          {problem}
        </p>
      )}
      {answer === undefined && problem === undefined ? (
        <p class="empty" role="status">
          Looking for it in every station …
        </p>
      ) : null}
      {answer === undefined ? null : <Steps answer={answer} zone={zone} />}
      <button type="button" onClick={() => setAsked(asked + 1)}>
        Look again
      </button>
    </>
  );
}

type StepsProps = { readonly answer: TraceAnswer; readonly zone: "utc" | "local" };

function Steps({ answer: { outcome, verdict, steps, hints }, zone }: StepsProps) {
  const [look, sign] = outcomes[outcome];
  const first = steps.find(({ at }) => at !== null)?.at ?? null;
  return (
    <>
      <p class="outcome" role="status">
        <span class={`sign ${look}`} aria-hidden="true">
          {sign}
        </span>
        It {verdict}.
      </p>
      <ol class="steps">
        {steps.map(({ at, station, words }) => (
          <li key={`${station} ${at} ${words}`}>
            <strong>{station}</strong>
            <span class="when">
              {at === null ? "" : timeText(at, zone, true)}
              {at === null || first === null ? null : <span> +{((at - first) / 1_000).toFixed(3)} s</span>}
            </span>
            <span class="words">{withTimes(words, zone)}</span>
          </li>
        ))}
      </ol>
      {hints.map((hint) => (
        <p class="hint" key={hint}>
          {hint}
        </p>
      ))}
    </>
  );
}
