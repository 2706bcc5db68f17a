import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type EventDetail, maskText, maxShownBytes } from "../../live/shapes.ts";
import { ApiError, ask } from "../api.ts";
import { hexOf } from "../parts/hex.ts";
import { Link } from "../parts/link.tsx";
import { countText, timeText } from "../parts/words.ts";
import { usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import { EventTrace } from "./event-trace.tsx";
import { addressOf, recordPlaceOf, tracedIdOf } from "./live-address.ts";

/** One event: what it says, its record, and its way through every station. @param back the list that it was opened from */
export function EventPage({ back }: { readonly back?: string | undefined }) {
  const { path } = usePlace();
  const { signedOut } = useSettings();
  const [detail, setDetail] = useState<EventDetail>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let isOver = false;
    setDetail(undefined);
    setProblem(undefined);
    // The link that was followed is gone, and the keyboard shall go on here.
    if (back !== undefined) document.getElementById("main")?.focus();
    if (recordPlaceOf(path) === undefined) return setProblem("This is no address of an event.");
    ask<EventDetail>(`/api/live/records/${path.slice("/live/".length)}`).then(
      (answer) => {
        if (!isOver) setDetail(answer);
      },
      (error: Error) => {
        if (isOver) return;
        if (error instanceof ApiError && error.status === 401) signedOut();
        else setProblem(error.message);
      },
    );
    return () => {
      isOver = true;
    };
  }, [path]);
  return (
    <main id="main" class="live" tabIndex={-1}>
      <BackLink back={back} />
      <h1 class="event-name">{detail?.type ?? "Event"}</h1>
      {problem === undefined ? null : (
        <p class="refusal" role="alert">
          <span aria-hidden="true">✕ </span>
          {problem}
        </p>
      )}
      {detail === undefined && problem === undefined ? <p class="empty">Reading its record …</p> : null}
      {detail === undefined ? null : <Detail detail={detail} />}
    </main>
  );
}

/** What is known of the event with an id. */
export function TracePage({ back }: { readonly back?: string | undefined }) {
  const id = tracedIdOf(usePlace().path) ?? "";
  useEffect(() => {
    if (back !== undefined) document.getElementById("main")?.focus();
  }, []);
  return (
    <main id="main" class="live" tabIndex={-1}>
      <BackLink back={back} />
      <h1 class="event-name">{id}</h1>
      <div class="detail">
        <Part name="Trace" isWide>
          <EventTrace key={id} id={id} />
        </Part>
      </div>
    </main>
  );
}

function BackLink({ back }: { readonly back?: string | undefined }) {
  return (
    <p class="back">
      <Link to={back ?? "/live"}>Live events</Link>
    </p>
  );
}

const statusWords = { accepted: "✓ accepted", quarantined: "! quarantined", "dead-letter": "✕ dead letter" } as const;

function Detail({ detail }: { readonly detail: EventDetail }) {
  const { zone } = useSettings();
  const { id, key, time, arrivedAt, topic, partition, offset, status, schema, problem, masked, data, headers } = detail;
  const ofKey = addressOf({ type: "", key, status: "", text: "" });
  return (
    <div class="detail">
      <Part name="Event">
        <dl class="facts">
          <Fact name="Status">
            {statusWords[status]}
            {problem === undefined ? "" : `: ${problem}`}
          </Fact>
          <Fact name="Id">
            <span class="mono">{id}</span>
          </Fact>
          <Fact name="Key">{key === maskText ? key : <Link to={ofKey}>{key}</Link>}</Fact>
          <Fact name="Happened">{time}</Fact>
          <Fact name="Arrived">
            {timeText(arrivedAt, zone, true)} {zone === "utc" ? "UTC" : "local time"}
          </Fact>
          <Fact name="Record">
            {topic}, partition {partition}, offset {offset}
          </Fact>
          <Fact name="Schema">{schema === undefined ? "none" : schemaWords(schema)}</Fact>
        </dl>
      </Part>
      <Part name="Trace" isWide>
        <EventTrace id={id} />
      </Part>
      <Part name="Data">
        {masked.length === 0 ? null : (
          <p class="hint">Personal fields are masked for the role view. The key of the role operate shows them.</p>
        )}
        {data === undefined ? (
          <p class="empty">Its bytes cannot be shown as data.</p>
        ) : (
          <Block label="Data">{JSON.stringify(data, undefined, 2)}</Block>
        )}
      </Part>
      <Part name="Headers">
        <dl class="facts">
          {headers.map(({ name, value }) => (
            <Fact key={name} name={name}>
              <span class="mono">{value}</span>
            </Fact>
          ))}
        </dl>
      </Part>
      {detail.bytes === undefined ? null : (
        <Part name={`Original bytes (${countText(detail.size)})`}>
          {detail.size > maxShownBytes ? <p class="hint">The first {countText(maxShownBytes)} are shown.</p> : null}
          <Block label="Original bytes">{hexOf(detail.bytes).text}</Block>
        </Part>
      )}
    </div>
  );
}

function schemaWords({ name, id, version }: NonNullable<EventDetail["schema"]>): string {
  return `${name}, ${version === undefined ? "a version that was never released" : `version ${version}`} (id ${id} in the registry)`;
}

type PartProps = { readonly name: string; readonly isWide?: boolean; readonly children: ComponentChildren };

function Part({ name, isWide = false, children }: PartProps) {
  return (
    <section class={isWide ? "part wide" : "part"}>
      <h2>{name}</h2>
      {children}
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Block({ label, children }: { readonly label: string; readonly children: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="source" tabIndex={0} aria-label={label}>
      <pre>{children}</pre>
    </section>
  );
}
