import { useState } from "preact/hooks";
import type { Group, Item, Items, Kind } from "../../refused/shapes.ts";
import { Link } from "../parts/link.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { goTo } from "../router.ts";
import { ActPanel } from "./act-panel.tsx";
import { Choice, ExportLinks, KindMark, Moment, Problem } from "./parts.tsx";
import { appText, conditionWords, placeText, schemaText, stateWords } from "./words.ts";

/** The refused events that an address wants, mostly those of one group. */
export function GroupView({ query }: { readonly query: URLSearchParams }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const asked = new URLSearchParams(query);
  asked.delete("act");
  const { answer, problem, again } = useAsked<Items>(`/api/refused/items?${asked}`);
  const [code, kind] = [query.get("code"), query.get("kind")];
  const title = code === null ? undefined : answer?.meanings[code];
  const back = new URLSearchParams();
  for (const name of ["since", "state"]) if (query.has(name)) back.set(name, query.get(name) ?? "");
  return (
    <main id="main" class="refused" tabIndex={-1} aria-busy={answer === undefined && problem === undefined}>
      <p class="crumbs">
        <Link to={`/refused?${back}`}>Refused events</Link>
      </p>
      <h1>{title?.title ?? code ?? "Refused events"}</h1>
      {title === undefined ? null : <p class="lead">{title.remedy}</p>}
      {answer?.group == null ? null : <GroupFacts group={answer.group} />}
      <div class="filters">
        <Choice
          name="State"
          value={query.get("state") ?? "waiting"}
          options={conditionWords}
          onChoose={(state) => goTo(addressWith(query, { state, before: undefined, act: undefined }))}
        />
        <ExportLinks query={asked} />
      </div>
      <Problem words={problem} />
      {answer === undefined ? null : (
        <>
          {kind === "rejected" || kind === null ? null : (
            <ActPanel
              kind={kind as Kind}
              query={asked}
              chosen={chosen}
              count={answer.waiting}
              onEnded={() => {
                setChosen([]);
                again();
              }}
            />
          )}
          <Rows answer={answer} query={query} chosen={chosen} onChoose={setChosen} />
        </>
      )}
    </main>
  );
}

function addressWith(query: URLSearchParams, changes: Readonly<Record<string, string | undefined>>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) next.delete(name);
    else next.set(name, value);
  }
  return `/refused/group?${next}`;
}

function GroupFacts({ group }: { readonly group: Group }) {
  const { kind, code, count, waiting, first, last, source, consumer, topic } = group;
  return (
    <dl class="group-facts wide">
      <div>
        <dt>What</dt>
        <dd>
          <KindMark kind={kind} /> <span class="mono">{code}</span>
        </dd>
      </div>
      <div>
        <dt>Events</dt>
        <dd>
          {countText(count)}, {countText(waiting)} waiting
        </dd>
      </div>
      <div>
        <dt>App version</dt>
        <dd>{appText(source)}</dd>
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
        <dt>First, last seen</dt>
        <dd>
          <Moment at={first} />, <Moment at={last} />
        </dd>
      </div>
    </dl>
  );
}

type RowsProps = {
  readonly answer: Items;
  readonly query: URLSearchParams;
  readonly chosen: readonly string[];
  onChoose(ids: readonly string[]): void;
};

function Rows({ answer, query, chosen, onChoose }: RowsProps) {
  const { items, next } = answer;
  const before = query.get("before");
  if (items.length === 0) return <p class="empty">No refused event fits this address.</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Refused events">
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="unseen">Chosen</span>
              </th>
              <th scope="col">Event</th>
              <th scope="col">Refused</th>
              <th scope="col">State</th>
              <th scope="col">{items[0]?.kind === "dead" ? "Record" : "Path"}</th>
              <th scope="col">Got</th>
              <th scope="col" class="number">
                Attempts
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Row
                key={item.id}
                item={item}
                isChosen={chosen.includes(item.id)}
                onChoose={(isChosen) =>
                  onChoose(isChosen ? [...chosen, item.id] : chosen.filter((id) => id !== item.id))
                }
              />
            ))}
          </tbody>
        </table>
      </section>
      <nav class="pager" aria-label="Pages of the list">
        {before === null ? null : <Link to={addressWith(query, { before: undefined })}>Newest</Link>}
        {next === null ? null : <Link to={addressWith(query, { before: next })}>Older</Link>}
      </nav>
    </>
  );
}

type RowProps = { readonly item: Item; readonly isChosen: boolean; onChoose(isChosen: boolean): void };

function Row({ item, isChosen, onChoose }: RowProps) {
  const { id, eventId, first, last, timesSeen, state, fault, attempts, lastAnswer } = item;
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${eventId ?? id}`}
          checked={isChosen}
          disabled={state === "replayed" || state === "redriven"}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
      </td>
      <th scope="row" class="mono">
        <Link to={`/refused/event?id=${encodeURIComponent(id)}`}>{eventId ?? id}</Link>
      </th>
      <td>
        <Moment at={first} />
        {timesSeen === 1 ? null : (
          <>
            {" "}
            to <Moment at={last} />, {countText(timesSeen)} times
          </>
        )}
      </td>
      <td>{stateWords[state]}</td>
      <td class="mono">{placeText(fault)}</td>
      <td class="clipped" title={fault.got}>
        {fault.got}
      </td>
      <td class="number">
        {attempts}
        {lastAnswer === null ? null : `, last ${lastAnswer}`}
      </td>
    </tr>
  );
}
