import { useState } from "preact/hooks";
import type { Silence } from "../../alerts/shapes.ts";
import { ask } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { Problem, Time } from "../parts/list-parts.tsx";
import { useQuery } from "../parts/query.ts";
import { useAsked } from "../parts/use-asked.ts";
import { spanText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { Labels } from "./labels.tsx";

/** What is told to nobody, until when and why. */
export function SilencesView() {
  const { role } = useSettings();
  const query = useQuery();
  const ended = query.get("ended") === "true";
  const { answer, problem, again } = useAsked<{ silences: readonly Silence[] }>(
    `/api/alerts/silences?ended=${ended}`,
    3_000,
  );
  const silences = [...(answer?.silences ?? [])].sort((a, b) => b.ends - a.ends);
  return (
    <>
      <h1>Silences</h1>
      <p class="acts">
        {role === "operate" ? <Link to="/alerts/silences/new">New silence</Link> : null}
        <Link to={query.with({ ended: ended ? undefined : "true" })}>
          {ended ? "Only those that hold" : "Also those that ended in the last thirty days"}
        </Link>
      </p>
      <Problem text={problem} />
      {answer === undefined ? null : silences.length === 0 ? (
        <p class="empty">Nothing is silenced.</p>
      ) : (
        <ul class="cards">
          {silences.map((silence) => (
            <SilenceCard key={silence.id} silence={silence} onEnded={again} />
          ))}
        </ul>
      )}
    </>
  );
}

function SilenceCard({ silence, onEnded }: { readonly silence: Silence; onEnded(): void }) {
  const { role } = useSettings();
  const [said, setSaid] = useState("");
  const now = Date.now();
  const holds = silence.ends > now;
  const end = async () => {
    try {
      await ask(`/api/alerts/silences/${encodeURIComponent(silence.id)}`, { method: "DELETE" });
      onEnded();
    } catch (error) {
      setSaid(`✕ ${(error as Error).message}`);
    }
  };
  return (
    <li class={`card ${holds ? "silenced" : ""}`}>
      <div class="card-head">
        <h2>{silence.reason}</h2>
        <p class="state">
          {holds ? (
            <>
              ends at <Time at={silence.ends} />, in {spanText(silence.ends - now)}
            </>
          ) : (
            <>
              ended at <Time at={silence.ends} />
            </>
          )}
        </p>
      </div>
      <Labels of={silence.matches} />
      <p class="card-facts">
        <span>
          Since <Time at={silence.starts} />, by {silence.madeBy}
        </span>
      </p>
      {holds && role === "operate" ? (
        <div class="deed">
          <button type="button" aria-label={`End it now: ${silence.reason}`} onClick={() => void end()}>
            End it now
          </button>
          <p role="status">{said}</p>
        </div>
      ) : null}
    </li>
  );
}
