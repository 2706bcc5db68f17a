import { useEffect, useState } from "preact/hooks";
import type { Act } from "../../refused/act-shapes.ts";
import { ask, useEventStream } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText, spanText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { actText, deedWords, stateText } from "./act-words.ts";
import { Moment, Problem } from "./parts.tsx";

/** How far the act of an address is, as long as it goes on, and what came of it. */
export function ActProgress({ id, onEnded }: { readonly id: string; onEnded(): void }) {
  const { answer, problem } = useAsked<Act>(`/api/refused/acts/${id}`);
  return (
    <section class="act" aria-label="What is done">
      {problem === undefined ? null : (
        <p class="hint">
          {problem} <Link to="/refused/records">Records</Link>
        </p>
      )}
      {answer === undefined ? null : <Followed key={id} first={answer} onEnded={onEnded} />}
    </section>
  );
}

function Followed({ first, onEnded }: { readonly first: Act; onEnded(): void }) {
  const [act, setAct] = useState(first);
  // Some have ended before anybody could follow them.
  useEffect(() => {
    if (first.ended !== null) onEnded();
  }, []);
  const take = (next: Act) => {
    setAct(next);
    if (next.ended !== null) onEnded();
  };
  return (
    <>
      {act.ended === null ? <Follow id={act.id} take={take} /> : null}
      <Shown act={act} />
    </>
  );
}

function Follow({ id, take }: { readonly id: string; take(act: Act): void }) {
  const { signedOut } = useSettings();
  const connection = useEventStream(
    `/api/refused/acts/${id}/events`,
    ["act"],
    (_name, data) => take(data as Act),
    signedOut,
  );
  return connection === "broken" ? <p class="hint">The console does not answer; what is shown is old.</p> : null;
}

function Shown({ act }: { readonly act: Act }) {
  const { id, deed, dryRun, by, began, ended, state, total, done, trouble, outcomes, skipped } = act;
  const { role } = useSettings();
  const [problem, setProblem] = useState<string>();
  const stop = () =>
    void ask(`/api/refused/acts/${id}`, { method: "DELETE" }).catch((error: Error) => setProblem(error.message));
  return (
    <>
      <h2>
        {deedWords[deed].verb}
        {dryRun ? ", only tried" : ""}: {stateText[state]}
      </h2>
      <progress max={Math.max(total, 1)} value={ended === null ? done : Math.max(total, 1)} aria-label="Done" />
      <p role="status">{trouble === null ? actText(act) : trouble}</p>
      <p class="hint">
        By {by}, began <Moment at={began} />
        {ended === null ? null : `, took ${spanText(ended - began)}`}.
      </p>
      {ended === null && role === "operate" ? (
        <button type="button" onClick={stop} disabled={state === "stopping"}>
          Stop
        </button>
      ) : null}
      <Problem words={problem} />
      {Object.keys(skipped).length === 0 ? null : (
        <ul class="skipped">
          {Object.entries(skipped).map(([code, count]) => (
            <li key={code}>
              {countText(count)} left alone: <span class="mono">{code}</span>
            </li>
          ))}
        </ul>
      )}
      {outcomes.length === 0 ? null : (
        <details>
          <summary>What did not come through{outcomes.length >= 100 ? " (the first hundred)" : ""}</summary>
          <ul class="outcomes">
            {outcomes.map(({ id: event, outcome, code, message }) => (
              <li key={event}>
                <Link class="mono" to={`/refused/event?id=${encodeURIComponent(event)}`}>
                  {event}
                </Link>{" "}
                {outcome}
                {code === null ? null : <span class="mono"> {code}</span>}
                {message === null ? null : `: ${message}`}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
