import type { Group, Item, Items } from "../../refused/shapes.ts";
import { goTo, onLink } from "../router.ts";
import { countText } from "../words.ts";
import { Choice, ExportLinks, KindMark, Moment, Problem } from "./parts.tsx";
import { useAnswer } from "./use-answer.ts";
import { appText, conditionWords, placeText, schemaText, stateWords } from "./words.ts";

/** The refused events that an address wants, mostly those of one group. */
export function GroupView({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem } = useAnswer<Items>(`/api/refused/items?${query}`);
  const code = query.get("code");
  const title = code === null ? undefined : answer?.meanings[code];
  const back = new URLSearchParams();
  for (const name of ["since", "state"]) if (query.has(name)) back.set(name, query.get(name) ?? "");
  return (
    <main id="main" class="refused" tabIndex={-1} aria-busy={answer === undefined && problem === undefined}>
      <p class="crumbs">
        <a href={`/refused?${back}`} onClick={onLink}>
          Refused events
        </a>
      </p>
      <h1>{title?.title ?? code ?? "Refused events"}</h1>
      {title === undefined ? null : <p class="lead">{title.remedy}</p>}
      {answer?.group == null ? null : <GroupFacts group={answer.group} />}
      <div class="filters">
        <Choice
          name="State"
          value={query.get("state") ?? "waiting"}
          options={conditionWords}
          onChoose={(state) => goTo(addressWith(query, { state, before: undefined }))}
        />
        <ExportLinks query={query} />
      </div>
      <Problem words={problem} />
      {answer === undefined ? null : <Rows answer={answer} query={query} />}
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

function Rows({ answer, query }: { readonly answer: Items; readonly query: URLSearchParams }) {
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
              <Row key={item.id} item={item} />
            ))}
          </tbody>
        </table>
      </section>
      <nav class="pager" aria-label="Pages of the list">
        {before === null ? null : (
          <a href={addressWith(query, { before: undefined })} onClick={onLink}>
            Newest
          </a>
        )}
        {next === null ? null : (
          <a href={addressWith(query, { before: next })} onClick={onLink}>
            Older
          </a>
        )}
      </nav>
    </>
  );
}

function Row({ item }: { readonly item: Item }) {
  const { id, eventId, first, last, timesSeen, state, fault, attempts, lastAnswer } = item;
  return (
    <tr>
      <th scope="row" class="mono">
        <a href={`/refused/event?id=${encodeURIComponent(id)}`} onClick={onLink}>
          {eventId ?? id}
        </a>
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
