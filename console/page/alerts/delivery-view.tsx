import { useState } from "preact/hooks";
import type { Action, DeliveryWhole, Replayed } from "../../alerts/shapes.ts";
import { ask } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { Problem, Scroll, Time } from "../parts/list-parts.tsx";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { spanText } from "../parts/words.ts";
import { deliveryLooks, deliverySigns, deliveryWords, resultText } from "./alert-words.ts";
import { ForOperate } from "./labels.tsx";
import { replayedText } from "./replayed-text.ts";

/** One delivery with every attempt and its answer. */
export function DeliveryView({ id }: { readonly id: string }) {
  const { answer, problem, again } = useAsked<DeliveryWhole>(`/api/alerts/deliveries/${encodeURIComponent(id)}`, 2_000);
  return (
    <>
      <p class="back">
        <Link to="/alerts/deliveries">← Deliveries</Link>
      </p>
      <h1>Delivery {id}</h1>
      <Problem text={problem} />
      {answer === undefined ? null : <Shown delivery={answer} onDone={again} />}
    </>
  );
}

function Shown({ delivery, onDone }: { readonly delivery: DeliveryWhole; onDone(): void }) {
  const { state, nextTry, rule, notification, messageId } = delivery;
  return (
    <>
      <dl class="facts-list">
        <dt>State</dt>
        <dd>
          <Signed look={deliveryLooks[state]} sign={deliverySigns[state]}>
            {deliveryWords[state]}
            {nextTry === null ? null : nextTry <= Date.now() ? (
              <>, is tried in a moment</>
            ) : (
              <>
                , is tried again at <Time at={nextTry} /> (in {spanText(nextTry - Date.now())})
              </>
            )}
          </Signed>
        </dd>
        <dt>Alert</dt>
        <dd>
          {rule === null ? "not a row yet" : `${rule}, ${notification}`}
          {delivery.summary === null ? null : <span class="soft">{delivery.summary}</span>}
        </dd>
        <dt>Endpoint</dt>
        <dd>
          {delivery.endpoint}
          {delivery.endpointState === "active" ? "" : ` (${delivery.endpointState})`}
          <span class="soft">{delivery.url}</span>
        </dd>
        <dt>Made</dt>
        <dd>
          <Time at={delivery.made} />
        </dd>
        <dt>webhook-id</dt>
        <dd>
          <code>{messageId}</code>
        </dd>
      </dl>
      <section class="block">
        <h2>Attempts</h2>
        {delivery.tries.length === 0 ? (
          <p class="empty">There was none yet.</p>
        ) : (
          <Scroll label="Attempts">
            <table>
              <thead>
                <tr>
                  <th scope="col" class="number">
                    Nº
                  </th>
                  <th scope="col">When</th>
                  <th scope="col">Answer</th>
                  <th scope="col" class="number">
                    After
                  </th>
                  <th scope="col">What the receiver said</th>
                </tr>
              </thead>
              <tbody>
                {delivery.tries.map((each) => (
                  <tr key={each.attempt}>
                    <td class="number">{each.attempt}</td>
                    <td>
                      <Time at={each.at} />
                    </td>
                    <td>
                      {each.result === null
                        ? "under way, or its end was not written"
                        : resultText({ lastResult: each.result, lastStatus: each.status })}
                    </td>
                    <td class="number">{each.seconds === null ? "" : `${Math.round(each.seconds * 1_000)} ms`}</td>
                    <td class="wide mono">{each.detail}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </section>
      {state === "exhausted" ? (
        <section class="block">
          <h2>Send it again</h2>
          <ForOperate>
            <ReplayOne delivery={delivery} onDone={onDone} />
          </ForOperate>
        </section>
      ) : null}
      {delivery.done.length === 0 ? null : (
        <section class="block">
          <h2>What was done</h2>
          <ul class="done">
            {delivery.done.map((action) => (
              <ActionLine key={action.id} action={action} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Who did what when. */
function ActionLine({ action }: { readonly action: Action }) {
  return (
    <li>
      <Time at={action.at} /> {action.action} <span class="soft">by {action.by}</span>
    </li>
  );
}

function ReplayOne({ delivery, onDone }: { readonly delivery: DeliveryWhole; onDone(): void }) {
  const [left, setLeft] = useState<Replayed>();
  const [said, setSaid] = useState("");
  const run = async (overtaken: boolean) => {
    const body = { endpoint: delivery.endpointId, message: delivery.messageId, overtaken };
    try {
      const result = await ask<Replayed>("/api/alerts/deliveries/replay", { method: "POST", body });
      setLeft(result);
      setSaid(replayedText(result, false));
      onDone();
    } catch (error) {
      setSaid(`✕ ${(error as Error).message}`);
    }
  };
  return (
    <div class="deed">
      <button type="button" class="primary" onClick={() => void run(false)}>
        Send again
      </button>
      {(left?.overtaken ?? 0) > 0 ? (
        <button type="button" onClick={() => void run(true)}>
          Send it all the same
        </button>
      ) : null}
      <p role="status">{said}</p>
    </div>
  );
}
