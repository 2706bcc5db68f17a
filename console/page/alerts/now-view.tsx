import type { AlertsNow, Silence, Watched } from "../../alerts/shapes.ts";
import { Link } from "../parts/link.tsx";
import { Problem, Time } from "../parts/list-parts.tsx";
import { useQuery } from "../parts/query.ts";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText, shortTimeText, spanText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { alertsVerdict, groupOf, groups, groupWords, silenceAddress, states } from "./alert-words.ts";
import { Labels } from "./labels.tsx";

const everyMs = 2_000;
const verdictSigns = { ok: "✓", warning: "!", fault: "✕" } as const;

/** How everything stands that rules watch. */
export function NowView() {
  const { zone } = useSettings();
  const query = useQuery();
  const { answer: now, problem } = useAsked<AlertsNow>("/api/alerts/now", everyMs);
  if (now === undefined) {
    return (
      <>
        <h1>Alerts</h1>
        <Problem text={problem} />
      </>
    );
  }
  const { look, words } = alertsVerdict(now.watched);
  const wanted = query.get("state");
  const rule = query.get("rule");
  const shown = now.watched.filter(
    (each) => (wanted === undefined || groupOf(each) === wanted) && (rule === undefined || each.rule === rule),
  );
  const leftOut = now.rules.filter((each) => each.problem !== undefined);
  return (
    <>
      <section class={`verdict ${look}`} aria-label="Verdict">
        <div role="status">
          <h1>
            <Signed look={look} sign={verdictSigns[look]}>
              {words}
            </Signed>
          </h1>
        </div>
        <p class="as-of">
          As of {shortTimeText(now.at, zone)}. {countText(now.quiet)} more watched and quiet.
        </p>
      </section>
      <Problem text={problem} />
      <nav class="states" aria-label="Narrow by state">
        <Link to={query.with({ state: undefined })} current={wanted === undefined}>
          All {countText(now.watched.length)}
        </Link>
        {groups.map((group) => (
          <Link key={group} to={query.with({ state: group })} current={wanted === group}>
            {groupWords[group]} {countText(now.watched.filter((each) => groupOf(each) === group).length)}
          </Link>
        ))}
      </nav>
      {rule === undefined ? null : (
        <p class="narrowed">
          Only the rule <strong>{rule}</strong>. <Link to={query.with({ rule: undefined })}>Show all rules</Link>
        </p>
      )}
      {shown.length === 0 ? (
        <p class="empty">
          {wanted === undefined && rule === undefined
            ? `${countText(now.rules.length)} rules watch; nothing is pending or fires.`
            : "Nothing is in this state now."}
        </p>
      ) : (
        <ul class="cards">
          {shown.map((each) => (
            <WatchedCard key={`${each.rule} ${JSON.stringify(each.labels)}`} watched={each} now={now} />
          ))}
        </ul>
      )}
      {now.total > now.watched.length ? (
        <p class="hint">
          The first {countText(now.watched.length)} of {countText(now.total)} are shown; `hailstream alerts list` has
          all.
        </p>
      ) : null}
      {leftOut.length === 0 ? null : (
        <section class="block">
          <h2>Rules that are left out</h2>
          <ul class="findings">
            {leftOut.map(({ name, problem: why }) => (
              <li key={name} class="finding">
                <h3>{name}</h3>
                <p>{why}</p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function WatchedCard({ watched, now }: { readonly watched: Watched; readonly now: AlertsNow }) {
  const { role } = useSettings();
  const { rule, severity, description, state, labels, since, summary, told } = watched;
  const { sign, look, words } = states[state];
  const silences = now.silences.filter(({ id }) => watched.silencedBy.includes(id));
  return (
    <li class={`card ${silences.length > 0 ? "silenced" : look}`}>
      <div class="card-head">
        <h2>{rule}</h2>
        <p class="state">
          <Signed look={look} sign={sign}>
            {words}, {severity}
          </Signed>
        </p>
      </div>
      <p class="says">{summary ?? description}</p>
      <Labels of={labels} />
      <p class="card-facts">
        {since === undefined ? null : (
          <span>
            Since <Time at={since} />, {spanText(now.at - since)}
          </span>
        )}
        <span>{toldText(state, told, silences)}</span>
      </p>
      {silences.map((silence) => (
        <p key={silence.id} class="silenced-by">
          <span aria-hidden="true">🔕 </span>
          Silenced until <Time at={silence.ends} />: {silence.reason}
        </p>
      ))}
      <p class="acts">
        <Link to={`/alerts/history?${new URLSearchParams({ rule })}`}>History of the rule</Link>
        {role === "operate" && silences.length === 0 ? <Link to={silenceAddress(rule, labels)}>Silence</Link> : null}
        {silences.length > 0 ? <Link to="/alerts/silences">Silences</Link> : null}
      </p>
    </li>
  );
}

function toldText(state: Watched["state"], told: number | undefined, silences: readonly Silence[]): string {
  if (state === "pending") return "Not told yet: it has to hold for longer.";
  if (told === undefined || told > 0) return told === undefined ? "" : `Told ${told === 1 ? "once" : `${told} times`}`;
  return silences.length > 0 ? "Told to nobody" : "Told to nobody: another alert inhibits it, or a silence holds.";
}
