import type { Group, Groups } from "../../refused/shapes.ts";
import { ErrorLink } from "../parts/error-link.tsx";
import { Link } from "../parts/link.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { goTo } from "../router.ts";
import { Choice, ExportLinks, FaultFacts, KindMark, Moment, Problem } from "./parts.tsx";
import { appText, conditionWords, groupQuery, kindsInWords, kindWords, schemaText, spans } from "./words.ts";

const everyMs = 4_000;

/** What is shown unless the address says otherwise. */
const usual = { kind: "", since: "7d", state: "waiting" } as const;

/** All groups of refused events. */
export function GroupsView({ query }: { readonly query: URLSearchParams }) {
  const chosen = {
    kind: query.get("kind") ?? usual.kind,
    since: query.get("since") ?? usual.since,
    state: query.get("state") ?? usual.state,
  };
  const asked = new URLSearchParams(query);
  asked.set("state", chosen.state);
  if (chosen.since === "") asked.delete("since");
  else asked.set("since", chosen.since);
  if (chosen.kind === "") asked.delete("kind");
  const { answer, problem } = useAsked<Groups>(`/api/refused/groups?${asked}`, everyMs);
  const choose = (name: keyof typeof usual, value: string) => {
    const next = new URLSearchParams(query);
    if (value === usual[name]) next.delete(name);
    else next.set(name, value);
    goTo(next.size === 0 ? "/refused" : `/refused?${next}`);
  };
  return (
    <main id="main" class="refused" tabIndex={-1} aria-busy={answer === undefined && problem === undefined}>
      <h1>Refused events</h1>
      <p class="lead" role="status">
        {answer === undefined ? "Looking …" : summaryText(answer.groups)}
      </p>
      <div class="filters">
        <Choice name="What" value={chosen.kind} options={kindsInWords} onChoose={(value) => choose("kind", value)} />
        <Choice name="When" value={chosen.since} options={spans} onChoose={(value) => choose("since", value)} />
        <Choice
          name="State"
          value={chosen.state}
          options={conditionWords}
          onChoose={(value) => choose("state", value)}
        />
        {chosen.kind === "dead" || chosen.kind === "quarantined" ? (
          <Link to={`/refused/group?${asked}`}>All as one list</Link>
        ) : null}
        <Link to="/refused/records">Who did what</Link>
        <ExportLinks query={asked} />
      </div>
      <Problem words={problem} />
      {answer === undefined ? null : <Found answer={answer} chosen={chosen} />}
    </main>
  );
}

/** How many of each kind, in one sentence. */
export function summaryText(groups: readonly Group[]): string {
  const sum = (kind: Group["kind"], of: (group: Group) => number) =>
    groups.filter((group) => group.kind === kind).reduce((total, group) => total + of(group), 0);
  const parts = [
    { count: sum("quarantined", ({ waiting }) => waiting), words: "in quarantine" },
    { count: sum("dead", ({ waiting }) => waiting), words: "as dead letters" },
  ].filter(({ count }) => count > 0);
  const waiting = parts.map(({ count, words }) => `${countText(count)} ${words}`).join(", ");
  const rejected = sum("rejected", ({ count }) => count);
  const rest = rejected === 0 ? "" : ` ${countText(rejected)} rejected: their senders were told.`;
  return `${waiting === "" ? "Nothing waits." : `Waiting: ${waiting}.`}${rest}`;
}

type FoundProps = { readonly answer: Groups; readonly chosen: { readonly since: string; readonly state: string } };

function Found({ answer, chosen }: FoundProps) {
  const { groups, meanings, cut, unknown } = answer;
  return (
    <>
      {unknown.map((what) => (
        <p key={what} class="hint">
          Not shown now: {what}.
        </p>
      ))}
      {groups.length === 0 ? <p class="empty">Nothing that was refused fits what is chosen above.</p> : null}
      <ul class="groups">
        {groups.map((group) => (
          <GroupCard
            key={groupQuery(group, { since: "", state: "" })}
            group={group}
            title={meanings[group.code]?.title ?? group.code}
            address={group.kind === "rejected" ? undefined : `/refused/group?${groupQuery(group, chosen)}`}
          />
        ))}
      </ul>
      {cut ? <p class="hint">There are more groups than are shown: choose above what to look at.</p> : null}
    </>
  );
}

type CardProps = { readonly group: Group; readonly title: string; readonly address: string | undefined };

function GroupCard({ group, title, address }: CardProps) {
  const { kind, code, count, waiting, first, last, example, consumer, topic } = group;
  return (
    <li class={`group ${kind}`}>
      <div class="group-head">
        <KindMark kind={kind} />
        <p class="group-count">
          <strong>{countText(count)}</strong> {count === 1 ? "event" : "events"}
          {kind === "rejected" || waiting === count ? null : `, ${countText(waiting)} waiting`}
        </p>
      </div>
      <h2>{address === undefined ? title : <Go to={address}>{title}</Go>}</h2>
      <p class="code">
        <ErrorLink code={code} />
      </p>
      <dl class="group-facts">
        <div>
          <dt>App version</dt>
          <dd>{appText(group.source)}</dd>
        </div>
        <div>
          <dt>Schema</dt>
          <dd>{schemaText(group)}</dd>
        </div>
        {consumer === undefined ? null : (
          <div>
            <dt>Consumer</dt>
            <dd>
              {consumer} of {topic}
            </dd>
          </div>
        )}
        <div>
          <dt>{kind === "rejected" ? "Counted since" : "First seen"}</dt>
          <dd>
            <Moment at={first} />
          </dd>
        </div>
        {kind === "rejected" ? null : (
          <div>
            <dt>Last seen</dt>
            <dd>
              <Moment at={last} />
            </dd>
          </div>
        )}
      </dl>
      {example === null ? (
        <p class="hint">{kindWords[kind].does}</p>
      ) : (
        <div class="example">
          <h3>
            {example.id === null ? (
              "The newest"
            ) : (
              <Go to={`/refused/event?id=${encodeURIComponent(example.id)}`}>The newest</Go>
            )}
          </h3>
          <FaultFacts fault={example.fault} kind={kind} />
        </div>
      )}
    </li>
  );
}

function Go({ to, children }: { readonly to: string; readonly children: string }) {
  return <Link to={to}>{children}</Link>;
}
