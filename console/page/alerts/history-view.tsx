import { useState } from "preact/hooks";
import { notifications, type Page, type Transition } from "../../alerts/shapes.ts";
import { Link } from "../parts/link.tsx";
import { Exports, Problem, Scroll, Time } from "../parts/list-parts.tsx";
import { More } from "../parts/more.tsx";
import { type Query, useQuery } from "../parts/query.ts";
import { rangeOf } from "../parts/range.ts";
import { RangeFields } from "../parts/range-fields.tsx";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { spanText } from "../parts/words.ts";
import { Labels } from "./labels.tsx";

const looks = {
  opened: { sign: "✕", look: "fault" },
  changed: { sign: "+", look: "warning" },
  repeated: { sign: "↻", look: "warning" },
  resolved: { sign: "✓", look: "ok" },
} as const;

/** What was told, the newest first. */
export function HistoryView() {
  const query = useQuery();
  const range = rangeOf(query);
  const filters = new URLSearchParams(range.asked);
  for (const name of ["rule", "notification", "incident", "after"]) {
    const value = query.get(name);
    if (value !== undefined) filters.set(name, value);
  }
  const path = `/api/alerts/history?${filters}`;
  const isNewest = query.get("after") === undefined;
  const { answer, problem } = useAsked<Page<Transition>>(path, isNewest && range.isOpen ? 5_000 : undefined);
  const incident = query.get("incident");
  return (
    <>
      <h1>History of alerts</h1>
      <form class="filter-form" onSubmit={(event) => event.preventDefault()}>
        <RangeFields query={query} />
        <RuleField query={query} />
        <label>
          <span>Told because</span>
          <select
            value={query.get("notification") ?? ""}
            onChange={(event) => query.set({ notification: event.currentTarget.value, after: undefined })}
          >
            <option value="">of anything</option>
            {notifications.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <Exports path={path} what="History" />
      </form>
      {incident === undefined ? null : (
        <p class="narrowed">
          Only the incident <code>{incident}</code>. <Link to={query.with({ incident: undefined })}>Show all</Link>
        </p>
      )}
      <Problem text={problem} />
      {answer === undefined ? null : answer.rows.length === 0 ? (
        <p class="empty">No alert was told in this time.</p>
      ) : (
        <Scroll label="What was told">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">Rule</th>
                <th scope="col">Summary</th>
                <th scope="col">Lasted</th>
                <th scope="col">Delivered</th>
              </tr>
            </thead>
            <tbody>
              {answer.rows.map((row) => (
                <TransitionRow key={row.id} row={row} query={query} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <More query={query} next={answer?.next} />
    </>
  );
}

/** The rule counts when it is typed to its end; until then no newer answer may take away what is there. */
function RuleField({ query }: { readonly query: Query }) {
  const rule = query.get("rule") ?? "";
  const [typed, setTyped] = useState({ of: rule, text: rule });
  return (
    <label>
      <span>Rule</span>
      <input
        value={typed.of === rule ? typed.text : rule}
        placeholder="all"
        onInput={(event) => setTyped({ of: rule, text: event.currentTarget.value })}
        onChange={(event) => query.set({ rule: event.currentTarget.value.trim(), after: undefined })}
      />
    </label>
  );
}

function TransitionRow({ row, query }: { readonly row: Transition; readonly query: Query }) {
  const { sign, look } = looks[row.notification];
  const why = row.cause === "condition" ? "" : ` (${row.cause.replace("_", " ")})`;
  return (
    <tr>
      <td>
        <Time at={row.at} />
      </td>
      <td>
        <Signed look={look} sign={sign}>
          <Link to={query.with({ incident: row.incident, after: undefined })}>{row.notification}</Link>
          {why}
        </Signed>
      </td>
      <td>
        <Link to={query.with({ rule: row.rule, after: undefined })}>{row.rule}</Link>
        <span class="soft">{row.severity}</span>
      </td>
      <td class="wide">
        {row.summary}
        <Labels of={row.labels} />
      </td>
      <td>{row.ended === null ? "" : spanText(row.ended - row.started)}</td>
      <td>
        {row.wanted === 0 ? (
          <span class="soft">no endpoint</span>
        ) : (
          <Link to={`/alerts/deliveries?message=msg_${row.id}`}>
            {row.delivered} of {row.wanted}
          </Link>
        )}
      </td>
    </tr>
  );
}
