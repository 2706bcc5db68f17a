import { useState } from "preact/hooks";
import { type Delivery, deliveryStates, type EndpointLine, type Page, type Replayed } from "../../alerts/shapes.ts";
import { ask } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { Exports, Problem, Scroll, Time } from "../parts/list-parts.tsx";
import { More } from "../parts/more.tsx";
import { useQuery } from "../parts/query.ts";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { deliveryLooks, deliverySigns, deliveryWords, resultText } from "./alert-words.ts";
import { ForOperate } from "./labels.tsx";
import { replayedText } from "./replayed-text.ts";

/** What was sent to whom, what waits, and what was given up. */
export function DeliveriesView() {
  const query = useQuery();
  const filters = new URLSearchParams();
  for (const name of ["state", "endpoint", "message", "after"]) {
    const value = query.get(name);
    if (value !== undefined) filters.set(name, value);
  }
  const path = `/api/alerts/deliveries?${filters}`;
  const isNewest = query.get("after") === undefined;
  const { answer, problem, again } = useAsked<Page<Delivery>>(path, isNewest ? 3_000 : undefined);
  const { answer: known } = useAsked<{ endpoints: readonly EndpointLine[] }>("/api/alerts/endpoints", 15_000);
  const message = query.get("message");
  return (
    <>
      <h1>Deliveries</h1>
      <form class="filter-form" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>State</span>
          <select
            value={query.get("state") ?? ""}
            onChange={(event) => query.set({ state: event.currentTarget.value, after: undefined })}
          >
            <option value="">any</option>
            {deliveryStates.map((each) => (
              <option key={each} value={each}>
                {deliveryWords[each]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Endpoint</span>
          <select
            value={query.get("endpoint") ?? ""}
            onChange={(event) => query.set({ endpoint: event.currentTarget.value, after: undefined })}
          >
            <option value="">any</option>
            {(known?.endpoints ?? []).map(({ id, name }) => (
              <option key={id} value={id}>
                {name === "" ? id : name}
              </option>
            ))}
          </select>
        </label>
        <Exports path={path} what="Deliveries" />
      </form>
      {message === undefined ? null : (
        <p class="narrowed">
          Only the message <code>{message}</code>. <Link to={query.with({ message: undefined })}>Show all</Link>
        </p>
      )}
      <Problem text={problem} />
      {answer === undefined ? null : answer.rows.length === 0 ? (
        <p class="empty">
          {known?.endpoints.length === 0
            ? "There is no endpoint: hailstream endpoints create --url … adds a receiver."
            : "There is no such delivery."}
        </p>
      ) : (
        <Scroll label="Deliveries">
          <table>
            <thead>
              <tr>
                <th scope="col">Made</th>
                <th scope="col">State</th>
                <th scope="col">Alert</th>
                <th scope="col">Endpoint</th>
                <th scope="col" class="number">
                  Attempts
                </th>
                <th scope="col">Last answer</th>
                <th scope="col">Next try</th>
              </tr>
            </thead>
            <tbody>
              {answer.rows.map((row) => (
                <tr key={row.id}>
                  <td>
                    <Link to={`/alerts/deliveries/${row.id}`}>
                      <Time at={row.made} />
                    </Link>
                  </td>
                  <td>
                    <Signed look={deliveryLooks[row.state]} sign={deliverySigns[row.state]}>
                      {deliveryWords[row.state]}
                    </Signed>
                  </td>
                  <td>
                    {row.rule === null ? <span class="soft">not a row yet</span> : `${row.rule}, ${row.notification}`}
                  </td>
                  <td>
                    {row.endpoint}
                    {row.endpointState === "active" ? null : <span class="soft">{row.endpointState}</span>}
                  </td>
                  <td class="number">{countText(row.attempts)}</td>
                  <td>{resultText(row)}</td>
                  <td>{row.nextTry === null ? "" : <Time at={row.nextTry} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <More query={query} next={answer?.next} />
      <section class="block">
        <h2>Send again what was given up</h2>
        <ForOperate>
          <ReplayAll endpoint={query.get("endpoint")} onDone={again} />
        </ForOperate>
      </section>
    </>
  );
}

/** First it says how many, then it does so. */
function ReplayAll({ endpoint, onDone }: { readonly endpoint: string | undefined; onDone(): void }) {
  const [would, setWould] = useState<Replayed & { readonly of: string | undefined }>();
  const [said, setSaid] = useState("");
  const run = async (dryRun: boolean) => {
    const body = { dryRun, ...(endpoint === undefined ? {} : { endpoint }) };
    try {
      const result = await ask<Replayed>("/api/alerts/deliveries/replay", { method: "POST", body });
      setWould(dryRun && result.replayed > 0 ? { ...result, of: endpoint } : undefined);
      setSaid(replayedText(result, dryRun));
      if (!dryRun) onDone();
    } catch (error) {
      setSaid(`✕ ${(error as Error).message}`);
    }
  };
  const isReady = would !== undefined && would.of === endpoint;
  return (
    <div class="deed">
      <button type="button" onClick={() => void run(true)}>
        {endpoint === undefined ? "Count them" : "Count those of this endpoint"}
      </button>
      {isReady ? (
        <button type="button" class="primary" onClick={() => void run(false)}>
          Send {countText(would.replayed)} again
        </button>
      ) : null}
      <p role="status">{said}</p>
    </div>
  );
}
