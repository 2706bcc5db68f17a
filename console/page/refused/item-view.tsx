import type { OneItem, Whole } from "../../refused/shapes.ts";
import { ErrorLink } from "../parts/error-link.tsx";
import { hexOf } from "../parts/hex.ts";
import { Link } from "../parts/link.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText, withTimes } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { ActPanel } from "./act-panel.tsx";
import { FaultFacts, KindMark, Moment, Problem } from "./parts.tsx";
import { appText, jsonText, schemaText, stateWords, textOfBytes } from "./words.ts";

/** One refused event: what is wrong, its data, its bytes, what was tried. */
export function ItemView({ id }: { readonly id: string }) {
  const { answer, problem, again } = useAsked<OneItem>(`/api/refused/item?id=${encodeURIComponent(id)}`);
  return (
    <main id="main" class="refused" tabIndex={-1} aria-busy={answer === undefined && problem === undefined}>
      <p class="crumbs">
        <Link to="/refused">Refused events</Link>
      </p>
      {answer === undefined ? <h1>Refused event</h1> : <Shown answer={answer} again={again} />}
      <Problem words={problem} />
    </main>
  );
}

function Shown({ answer, again }: { readonly answer: OneItem; again(): void }) {
  const { item, masked, meanings } = answer;
  return (
    <>
      <h1>{meanings[item.code]?.title ?? item.code}</h1>
      <p class="lead">{meanings[item.code]?.remedy}</p>
      <Facts item={item} />
      <ActPanel
        kind={item.kind}
        query={new URLSearchParams()}
        chosen={[item.id]}
        count={item.state === "open" || item.state === "fixed" ? 1 : 0}
        version={item.version}
        onEnded={again}
      />
      <section aria-labelledby="wrong">
        <h2 id="wrong">What is wrong</h2>
        <ul class="faults">
          {item.faults.map((fault) => (
            <li key={`${fault.code} ${fault.pointer}`}>
              <p class="code">
                <ErrorLink code={fault.code} />
              </p>
              <FaultFacts fault={fault} kind={item.kind} />
            </li>
          ))}
        </ul>
      </section>
      {masked ? (
        <p class="hint">Personal fields are masked (•••), and original bytes are for the role operate only.</p>
      ) : null}
      <section aria-labelledby="data">
        <h2 id="data">Data</h2>
        {item.unreadable === null ? null : <p>{item.unreadable}</p>}
        {item.data === null ? null : <Text label="Data" text={jsonText(item.data)} />}
      </section>
      {item.fixed === null ? null : (
        <section aria-labelledby="fixed">
          <h2 id="fixed">Corrected version</h2>
          <p class="hint">It is sent in place of the original, which stays.</p>
          <Text label="Corrected version" text={jsonText(item.fixed)} />
        </section>
      )}
      {item.original === null ? null : <Bytes base64={item.original} />}
      {Object.keys(item.headers).length === 0 ? null : <Headers headers={item.headers} />}
      <Attempts item={item} />
    </>
  );
}

function Facts({ item }: { readonly item: Whole }) {
  const { zone } = useSettings();
  const { kind, id, eventId, type, schemaId, source, subject, state, first, last, timesSeen, facts } = item;
  const rows: readonly (readonly [string, preact.ComponentChildren])[] = [
    ["What", <KindMark key="kind" kind={kind} />],
    ["State", stateWords[state]],
    [
      "Named",
      <span key="id" class="mono">
        {id}
      </span>,
    ],
    [
      "Event",
      <span key="event" class="mono">
        {eventId ?? "has no id"}
      </span>,
    ],
    ["App version", appText(source ?? "")],
    ["Schema", schemaText({ type: type ?? "", schemaId })],
    ...(subject === null ? [] : ([["Subject", subject]] as const)),
    ["Refused", <Moment key="first" at={first} />],
    ...(timesSeen === 1
      ? []
      : ([
          [
            "Sent",
            <>
              {countText(timesSeen)} times, last <Moment at={last} />
            </>,
          ],
        ] as const)),
    ...Object.entries(facts).map(([name, value]) => [name, withTimes(value, zone)] as const),
  ];
  return (
    <dl class="group-facts wide">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type TextProps = { readonly label: string; readonly text: string; readonly wraps?: boolean };

function Text({ label, text, wraps = false }: TextProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class={wraps ? "scroll text wraps" : "scroll text"} tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  );
}

function Bytes({ base64 }: { readonly base64: string }) {
  const text = textOfBytes(base64);
  const hex = hexOf(base64);
  return (
    <section aria-labelledby="bytes">
      <h2 id="bytes">Bytes as they came</h2>
      {text === undefined ? null : <Text label="Bytes as text" text={text} wraps />}
      <details open={text === undefined}>
        <summary>In hexadecimal digits</summary>
        <Text label="Bytes in hexadecimal digits" text={hex.text} />
        {hex.left === 0 ? null : <p class="hint">{countText(hex.left)} more bytes are not shown.</p>}
      </details>
    </section>
  );
}

function Headers({ headers }: { readonly headers: Readonly<Record<string, string>> }) {
  return (
    <section aria-labelledby="headers">
      <h2 id="headers">Headers</h2>
      <dl class="group-facts wide mono">
        {Object.entries(headers).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Attempts({ item }: { readonly item: Whole }) {
  const { attempts, attemptList, kind } = item;
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">Attempts to bring it back</h2>
      {attempts === 0 ? (
        <p class="empty">None yet.</p>
      ) : (
        <>
          <p class="hint">
            {countText(attempts)} {attempts === 1 ? "attempt" : "attempts"}
            {kind === "dead" && attempts > 1 ? "; the last one is known by itself" : ""}.
          </p>
          <ol class="attempts">
            {attemptList.map(({ at, by, answer, code, to }) => (
              <li key={at}>
                <Moment at={at} /> {answer ?? "no answer was heard"}
                {code === null ? null : <span class="mono"> {code}</span>} by {by}
                {to === "" ? null : <span class="hint"> ({to})</span>}
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
