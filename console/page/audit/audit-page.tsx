import "./audit.css";
import type { AuditFinding, AuditMinutes, AuditVerdict, MinuteLine, TypeLine } from "../../audit/shapes.ts";
import { Link } from "../parts/link.tsx";
import { Exports, Problem, Scroll, Time } from "../parts/list-parts.tsx";
import { type Query, useQuery } from "../parts/query.ts";
import { rangeOf } from "../parts/range.ts";
import { RangeFields } from "../parts/range-fields.tsx";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText, spanText } from "../parts/words.ts";
import { auditVerdict, findingText, kindWords, saysLooks, stations } from "./audit-words.ts";

const standard = "15m";

/** Are all events still there, each once: by minute and station, and by name where they are not. */
export function AuditPage() {
  const query = useQuery();
  const range = rangeOf(query, standard);
  const span = new URLSearchParams(range.asked);
  const {
    answer: verdict,
    problem,
    again,
  } = useAsked<AuditVerdict>(`/api/audit/verdict?${span}`, range.isOpen ? 15_000 : undefined);
  const { look, sign, words } = auditVerdict(verdict);
  return (
    <main id="main" tabIndex={-1} class="audit">
      <section class={`verdict ${look}`} aria-label="Verdict">
        <div role="status">
          <h1>
            <Signed look={look} sign={sign}>
              {words}
            </Signed>
          </h1>
        </div>
        {verdict === undefined ? null : (
          <p class="as-of">
            Events that happened from <Time at={verdict.from} /> to <Time at={verdict.to} />, audited at{" "}
            <Time at={verdict.at} /> in {spanText(verdict.milliseconds)}.
          </p>
        )}
      </section>
      <form class="filter-form" onSubmit={(event) => event.preventDefault()}>
        <RangeFields query={query} standard={standard} choices={["15m", "1h", "6h", "24h"]} />
        <button type="button" onClick={again}>
          Audit again
        </button>
      </form>
      <Problem text={problem} />
      {verdict === undefined || verdict.findings.length === 0 ? null : <Findings verdict={verdict} span={span} />}
      <Minutes query={query} span={span} isOpen={range.isOpen} />
    </main>
  );
}

function Findings({ verdict, span }: { readonly verdict: AuditVerdict; readonly span: URLSearchParams }) {
  return (
    <section class="block">
      <div class="block-head">
        <h2>By name</h2>
        <Exports path={`/api/audit/verdict?${span}`} what="Findings" />
      </div>
      <Scroll label="Missing and extra events">
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Event type</th>
              <th scope="col">Where</th>
              <th scope="col">Event</th>
            </tr>
          </thead>
          <tbody>
            {verdict.findings.map((finding) => (
              <FindingRow key={`${finding.kind} ${finding.type} ${finding.id ?? finding.minute}`} finding={finding} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {verdict.total > verdict.findings.length ? (
        <p class="hint">
          The first {countText(verdict.findings.length)} of {countText(verdict.total)}; the file has all.
        </p>
      ) : null}
      <p class="hint">
        The way of one event: <code>hailstream trace ID</code>. A row that is missing comes back when its topic is
        replayed; docs/audit.md says what each station proves.
      </p>
    </section>
  );
}

function FindingRow({ finding }: { readonly finding: AuditFinding }) {
  return (
    <tr>
      <td>
        <Signed look="fault" sign={kindWords[finding.kind].sign}>
          {kindWords[finding.kind].words}
        </Signed>
      </td>
      <td>{finding.type}</td>
      <td>{finding.where}</td>
      <td class="wide">
        {finding.id === null ? (
          <>
            the minute <Time at={finding.minute ?? 0} />: {findingText(finding)}
          </>
        ) : (
          <code>{finding.id}</code>
        )}
      </td>
    </tr>
  );
}

type MinutesProps = { readonly query: Query; readonly span: URLSearchParams; readonly isOpen: boolean };

function Minutes({ query, span, isOpen }: MinutesProps) {
  const filters = new URLSearchParams(span);
  const [type, only] = [query.get("type"), query.get("only")];
  if (type !== undefined) filters.set("type", type);
  if (only === "wrong") filters.set("only", only);
  const path = `/api/audit/minutes?${filters}`;
  const { answer, problem } = useAsked<AuditMinutes>(path, isOpen ? 5_000 : undefined);
  if (answer === undefined) return <Problem text={problem} />;
  return (
    <>
      <section class="block">
        <h2>By event type</h2>
        <Problem text={problem} />
        {answer.types.length === 0 ? (
          <p class="empty">No event happened in this time.</p>
        ) : (
          <Scroll label="Counts by event type">
            <table>
              <Head first="Event type" />
              <tbody>
                {answer.types.map((line) => (
                  <tr key={line.type}>
                    <th scope="row">
                      <Link
                        to={query.with({ type: line.type === type ? undefined : line.type })}
                        current={line.type === type}
                      >
                        {line.type}
                      </Link>
                    </th>
                    <CountCells line={line} />
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </section>
      <section class="block">
        <div class="block-head">
          <h2>Minute by minute{type === undefined ? "" : `: ${type}`}</h2>
          <label class="only-wrong">
            <input
              type="checkbox"
              checked={only === "wrong"}
              onChange={(event) => query.set({ only: event.currentTarget.checked ? "wrong" : undefined })}
            />
            Only minutes with different counts
          </label>
          {type === undefined ? null : <Link to={query.with({ type: undefined })}>All event types</Link>}
          <Exports path={path} what="Minutes" />
        </div>
        {answer.minutes.length === 0 ? (
          <p class="empty">There is no such minute.</p>
        ) : (
          <Scroll label="Counts by minute">
            <table>
              <Head first="Minute" second={type === undefined ? "Event type" : undefined} />
              <tbody>
                {answer.minutes.map((line) => (
                  <tr key={`${line.minute} ${line.type}`}>
                    <th scope="row">
                      <Time at={line.minute} />
                    </th>
                    {type === undefined ? <td>{line.type}</td> : null}
                    <CountCells line={line} />
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
        {answer.total > answer.minutes.length ? (
          <p class="hint">
            The newest {countText(answer.minutes.length)} of {countText(answer.total)}; narrow the time or the type, or
            take the file.
          </p>
        ) : null}
        <dl class="legend">
          {stations.map(({ name, words, means }) => (
            <div key={name}>
              <dt>{words}</dt>
              <dd>{means}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}

function Head({ first, second }: { readonly first: string; readonly second?: string | undefined }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {second === undefined ? null : <th scope="col">{second}</th>}
        {stations.map(({ name, words }) => (
          <th key={name} scope="col" class="number">
            {words}
          </th>
        ))}
        <th scope="col">It says</th>
      </tr>
    </thead>
  );
}

function CountCells({ line }: { readonly line: MinuteLine | TypeLine }) {
  const { look, sign, words } = saysLooks[line.says];
  return (
    <>
      {stations.map(({ name, before }) => (
        <CountCell key={name} count={line[name]} before={before === undefined ? null : line[before]} />
      ))}
      <td>
        <Signed look={look} sign={sign}>
          {words}
        </Signed>
      </td>
    </>
  );
}

/** Where a number is another one than at the station before, the difference stands beside it. */
function CountCell({ count, before }: { readonly count: number | null; readonly before: number | null }) {
  if (count === null) return <td class="number">–</td>;
  const more = before === null ? 0 : count - before;
  return (
    <td class={more === 0 ? "number" : "number other"}>
      {more === 0 ? null : (
        <span class="more-or-less">
          {more > 0 ? "+" : "−"}
          {countText(Math.abs(more))}{" "}
        </span>
      )}
      {countText(count)}
    </td>
  );
}
