import "./flow.css";
import { useRef, useState } from "preact/hooks";
import type { Box, DatedFinding, Figure, Flow, Lag } from "../../flow/shapes.ts";
import { type Connection, useEventStream } from "../api.ts";
import { groupAddress, topicAddress } from "../parts/kafka-columns.tsx";
import { recordsText, unknownTexts, waitText } from "../parts/lag-words.ts";
import { Link } from "../parts/link.tsx";
import { Unknown } from "../parts/list.tsx";
import { figureText, shortTimeText, spanText, timeText, verdictText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { Sparkline } from "./sparkline.tsx";

/** So many looks of the past are drawn: about two minutes. */
const kept = 120;

/** The first page: is everything all right, and if not, what is wrong, since when, what is safe, what to do. */
export function FlowPage() {
  const settings = useSettings();
  const [flow, setFlow] = useState<Flow>();
  const past = useRef(new Map<string, (number | null)[]>());
  const connection = useEventStream(
    "/api/flow",
    ["flow"],
    (_name, data) => {
      const next = data as Flow;
      for (const { name, main } of next.boxes) {
        past.current.set(name, [...(past.current.get(name) ?? []), main.value].slice(-kept));
      }
      setFlow(next);
    },
    settings.signedOut,
  );
  return (
    <main id="main" tabIndex={-1}>
      <Verdict flow={flow} connection={connection} />
      {flow === undefined ? null : (
        <>
          <Findings findings={flow.findings} now={flow.at} />
          <h2 class="unseen">Stations</h2>
          <ol class="pipeline">
            {flow.boxes.map((box) => (
              <Station key={box.name} box={box} past={past.current.get(box.name) ?? []} findings={flow.findings} />
            ))}
          </ol>
          <Lags lags={flow.lags} />
        </>
      )}
    </main>
  );
}

function Verdict({ flow, connection }: { readonly flow: Flow | undefined; readonly connection: Connection }) {
  const { zone } = useSettings();
  const findings = flow?.findings ?? [];
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  const unknown = flow?.unknown ?? ["the console"];
  const state = faults > 0 ? "fault" : findings.length > 0 ? "warning" : unknown.length > 0 ? "unknown" : "ok";
  return (
    <section class={`verdict ${state}`} aria-label="Verdict">
      <div role="status">
        <h1>
          <Sign of={state} />
          {verdictText(faults, findings.length - faults, unknown)}
        </h1>
      </div>
      {flow === undefined ? null : (
        <p class="as-of">
          {connection === "broken" ? (
            <strong>The console does not answer; what is shown is of {shortTimeText(flow.at, zone)}.</strong>
          ) : (
            <>As of {shortTimeText(flow.at, zone)}, told anew each second.</>
          )}
        </p>
      )}
    </section>
  );
}

const signs = { ok: "✓", warning: "!", fault: "✕", unknown: "…" } as const;

/** A sign beside words: nothing is said by colour alone. */
function Sign({ of }: { readonly of: keyof typeof signs }) {
  return (
    <span class={`sign ${of}`} aria-hidden="true">
      {signs[of]}
    </span>
  );
}

function Findings({ findings, now }: { readonly findings: readonly DatedFinding[]; readonly now: number }) {
  if (findings.length === 0) return null;
  return (
    <section aria-label="What is wrong">
      <ul class="findings">
        {findings.map((finding) => (
          <FindingCard key={finding.key} finding={finding} now={now} />
        ))}
      </ul>
    </section>
  );
}

function FindingCard({ finding, now }: { readonly finding: DatedFinding; readonly now: number }) {
  const { zone } = useSettings();
  const { severity, station, what, safe, advice, command, view, since, sinceIs } = finding;
  const known = `${timeText(since, zone)}, ${spanText(now - since)} ago`;
  return (
    <li class={`finding ${severity}`}>
      <p class="kind">
        <Sign of={severity} />
        <strong>{severity === "fault" ? "Fault" : "Warning"}</strong> at {station}
      </p>
      <h2>{what}</h2>
      <dl>
        <dt>Since</dt>
        <dd>{sinceIs === "exact" ? known : `before ${known}: it was there at the first look`}</dd>
        <dt>What is safe</dt>
        <dd>{safe}</dd>
        <dt>What to do</dt>
        <dd>
          {advice}
          {view === undefined ? null : (
            <>
              {" "}
              <Link to={view.to}>Look at {view.name}</Link>
            </>
          )}
          {command === undefined ? null : <code class="command">{command}</code>}
        </dd>
      </dl>
    </li>
  );
}

const states = {
  ok: { sign: "ok", words: "runs" },
  starting: { sign: "warning", words: "not ready" },
  silent: { sign: "fault", words: "no answer" },
  unseen: { sign: "unknown", words: "not asked yet" },
} as const;

type StationProps = {
  readonly box: Box;
  readonly past: readonly (number | null)[];
  readonly findings: readonly DatedFinding[];
};

function Station({ box, past, findings }: StationProps) {
  const { name, does, main, figures } = box;
  const own = findings.filter(({ station }) => station === name);
  const worst = own.some(({ severity }) => severity === "fault") ? "fault" : own.length > 0 ? "warning" : undefined;
  const { sign, words } = states[box.state];
  // A station that answers and has a finding is not all right.
  const shown: { readonly sign: keyof typeof signs; readonly words: string } =
    sign === "ok" && worst !== undefined
      ? { sign: worst, words: worst === "fault" ? "fault" : "look here" }
      : { sign, words };
  const { value, unit } = figureText(main);
  return (
    <li class={`station at-${name} ${shown.sign}`}>
      <div class="title">
        <h3>{name}</h3>
        <p class="state">
          <Sign of={shown.sign} />
          {shown.words}
        </p>
      </div>
      <p class="does">{does}</p>
      {main.label === "" ? null : (
        <p class="main">
          <span class="value">{value}</span>
          <span class="unit">{unit}</span> <span class="label">{main.label}</span>
        </p>
      )}
      <Sparkline values={past} />
      <dl class="figures">
        {figures.map((figure) => (
          <FigureLine key={figure.label} figure={figure} />
        ))}
      </dl>
    </li>
  );
}

function FigureLine({ figure }: { readonly figure: Figure }) {
  const { value, unit } = figureText(figure);
  const marked = figure.bad === true && (figure.value ?? 0) > 0;
  return (
    <div class={marked ? "marked" : ""}>
      <dt>{figure.label}</dt>
      <dd>
        {marked ? <span aria-hidden="true">! </span> : null}
        {value}
        {unit === "" ? null : <span class="unit">{unit === "/s" ? unit : ` ${unit}`}</span>}
      </dd>
    </div>
  );
}

function Lags({ lags }: { readonly lags: readonly Lag[] | null }) {
  return (
    <section class="lags">
      <h2>Consumers that are behind</h2>
      {lags === null ? (
        <p class="empty">It is not known now.</p>
      ) : lags.length === 0 ? (
        <p class="empty">No consumer is behind by a second or more.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section class="scroll" tabIndex={0} aria-label="Consumers that are behind">
          <table>
            <thead>
              <tr>
                <th scope="col">Consumer</th>
                <th scope="col">Topic</th>
                <th scope="col" class="number">
                  Records
                </th>
                <th scope="col" class="number">
                  Oldest waits
                </th>
              </tr>
            </thead>
            <tbody>
              {lags.map(({ group, topic, records, seconds, unknown }) => {
                const isPart = unknown.length > 0;
                return (
                  <tr key={`${group} ${topic}`}>
                    <td>
                      <Link to={groupAddress(group)}>{group}</Link>
                    </td>
                    <td>
                      <Link to={topicAddress(topic)}>{topic}</Link>
                      {unknownTexts(unknown).map((text) => (
                        <Unknown key={text} text={text} />
                      ))}
                    </td>
                    <td class="number">{recordsText(records, isPart)}</td>
                    <td class="number">{waitText(seconds, isPart)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
