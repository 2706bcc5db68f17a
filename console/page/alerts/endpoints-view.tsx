import { useState } from "preact/hooks";
import type { EndpointLine, TestAnswer } from "../../alerts/shapes.ts";
import { ask } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { Problem, Time } from "../parts/list-parts.tsx";
import { Signed } from "../parts/signed.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { resultText } from "./alert-words.ts";

/** Who is told about alerts, how that goes, and a test of each. */
export function EndpointsView() {
  const { answer, problem } = useAsked<{ endpoints: readonly EndpointLine[] }>("/api/alerts/endpoints", 3_000);
  return (
    <>
      <h1>Endpoints</h1>
      <Problem text={problem} />
      {answer === undefined ? null : answer.endpoints.length === 0 ? (
        <p class="empty">
          There is none, so nobody is told. <code>hailstream endpoints create --url …</code> adds a receiver and shows
          its secret.
        </p>
      ) : (
        <ul class="cards">
          {answer.endpoints.map((endpoint) => (
            <EndpointCard key={endpoint.id} endpoint={endpoint} />
          ))}
        </ul>
      )}
    </>
  );
}

function EndpointCard({ endpoint }: { readonly endpoint: EndpointLine }) {
  const { id, name, url, format, state, disabledReason, failingSince, pending, exhausted } = endpoint;
  const look = state === "disabled" ? "fault" : failingSince === null ? "ok" : "warning";
  const words = { ok: "active", warning: "failing", fault: "disabled" }[look];
  const deliveries = (of: string) => `/alerts/deliveries?${new URLSearchParams({ endpoint: id, state: of })}`;
  return (
    <li class={`card ${look}`}>
      <div class="card-head">
        <h2>{name === "" ? id : name}</h2>
        <p class="state">
          <Signed look={look} sign={{ ok: "✓", warning: "!", fault: "✕" }[look]}>
            {words}
          </Signed>
        </p>
      </div>
      <p class="says">
        <code>{url}</code>, as {format}
      </p>
      {disabledReason === null ? null : <p class="says">{disabledReason}</p>}
      {failingSince === null ? null : (
        <p class="says">
          Nothing was delivered since <Time at={failingSince} />.
        </p>
      )}
      <p class="acts">
        <Link to={deliveries("pending")}>{countText(pending)} waiting</Link>
        <Link to={deliveries("exhausted")}>{countText(exhausted)} given up</Link>
      </p>
      <TestOf id={id} name={name === "" ? id : name} />
    </li>
  );
}

/** Sends a made-up alert now, and shows what really came back. */
function TestOf({ id, name }: { readonly id: string; readonly name: string }) {
  const { role } = useSettings();
  const [answer, setAnswer] = useState<TestAnswer>();
  const [said, setSaid] = useState("");
  if (role !== "operate") return null;
  const run = async () => {
    setAnswer(undefined);
    setSaid("A made-up alert is on its way …");
    try {
      setAnswer(await ask<TestAnswer>(`/api/alerts/endpoints/${encodeURIComponent(id)}/test`, { method: "POST" }));
      setSaid("");
    } catch (error) {
      setSaid(`✕ ${(error as Error).message}`);
    }
  };
  const isGood = answer?.result === "delivered";
  return (
    <div class="deed">
      <button type="button" onClick={() => void run()}>
        Send a test<span class="unseen"> to {name}</span>
      </button>
      <div role="status" class="answer">
        {answer === undefined ? (
          said
        ) : (
          <>
            <Signed look={isGood ? "ok" : "fault"} sign={isGood ? "✓" : "✕"}>
              {resultText({ lastResult: answer.result, lastStatus: answer.status })}, after{" "}
              {Math.round(answer.seconds * 1_000)} ms
            </Signed>
            <span class="soft">
              {answer.messageId}; nothing has happened, it is of severity info and not tried again.
            </span>
            {answer.detail === "" ? (
              <span class="soft">The receiver said nothing more.</span>
            ) : (
              <pre class="command">{answer.detail}</pre>
            )}
          </>
        )}
      </div>
    </div>
  );
}
