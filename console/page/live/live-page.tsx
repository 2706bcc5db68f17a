import "./live.css";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LiveBatch, LiveState } from "../../live/shapes.ts";
import { useEventStream } from "../api.ts";
import { Link } from "../parts/link.tsx";
import { countText, shortTimeText } from "../parts/words.ts";
import { goTo, usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import { EventPage, TracePage } from "./event-page.tsx";
import { addressOf, filterOf, type LiveFilter, traceAddress, tracedIdOf } from "./live-address.ts";
import { rowOf } from "./live-export.ts";
import { emptyList, grow, type LiveList, pause, reconnect, resume } from "./live-list.ts";
import { LiveRows } from "./live-rows.tsx";
import { Save } from "./save.tsx";

/** Events as they arrive, and each of them. The list goes on behind an event that is looked at, so that nobody loses it by looking. */
export function LivePages() {
  const { path, search } = usePlace();
  const shown = useRef<LiveFilter>();
  const isList = path === "/live";
  if (isList) shown.current = filterOf(search);
  const back = shown.current === undefined ? undefined : addressOf(shown.current);
  return (
    <>
      {shown.current === undefined ? null : <LivePage filter={shown.current} isShown={isList} />}
      {isList ? null : tracedIdOf(path) === undefined ? <EventPage back={back} /> : <TracePage back={back} />}
    </>
  );
}

/** The filter is in the address; another one begins a new list. */
function LivePage({ filter, isShown }: { readonly filter: LiveFilter; readonly isShown: boolean }) {
  return (
    <main id={isShown ? "main" : undefined} class="live" tabIndex={-1} hidden={!isShown}>
      <div class="title-line">
        <h1>Live events</h1>
        <FindById />
      </div>
      <Filters filter={filter} />
      <Stream key={addressOf(filter)} filter={filter} />
    </main>
  );
}

/** An event that has come by long ago, too. */
function FindById() {
  const [id, setId] = useState("");
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== "") goTo(traceAddress(id.trim()));
      }}
    >
      <label>
        <span>Find an event by its id</span>
        <input type="search" value={id} spellcheck={false} onInput={(event) => setId(event.currentTarget.value)} />
      </label>
      <button type="submit">Find</button>
    </form>
  );
}

function Filters({ filter }: { readonly filter: LiveFilter }) {
  const address = addressOf(filter);
  const [typed, setTyped] = useState({ at: address, filter });
  // Another address, as by the button Back, is another filter: what was typed before it is none of it.
  const draft = typed.at === address ? typed.filter : filter;
  const setDraft = (next: LiveFilter) => setTyped({ at: address, filter: next });
  const field = (name: "type" | "key" | "text", label: string, example: string) => (
    <label class="field">
      <span>{label}</span>
      <input
        type="search"
        value={draft[name]}
        placeholder={example}
        spellcheck={false}
        onInput={(event) => setDraft({ ...draft, [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <search>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          goTo(addressOf(draft));
        }}
      >
        {field("type", "Type", "trip.*")}
        {field("key", "Key", "drv_123")}
        <label class="field">
          <span>Status</span>
          <select
            value={draft.status}
            onChange={(event) => {
              const next = { ...draft, status: event.currentTarget.value as LiveFilter["status"] };
              setDraft(next);
              goTo(addressOf(next));
            }}
          >
            <option value="">all</option>
            <option value="accepted">accepted</option>
            <option value="quarantined">quarantined</option>
            <option value="dead-letter">dead letter</option>
          </select>
        </label>
        {field("text", "Text", "in the data")}
        <button type="submit">Filter</button>
        {address === "/live" ? null : (
          <Link class="clear" to="/live">
            Show all
          </Link>
        )}
      </form>
    </search>
  );
}

function Stream({ filter }: { readonly filter: LiveFilter }) {
  const { signedOut } = useSettings();
  const [state, setState] = useState<LiveState>({ state: "joining" });
  const [list, setList] = useState<LiveList>(emptyList);
  const query = addressOf(filter).slice("/live".length);
  const connection = useEventStream(
    `/api/live${query}`,
    ["state", "events"],
    (name, data) => {
      if (name === "state") setState(data as LiveState);
      else setList((before) => grow(before, data as LiveBatch));
    },
    signedOut,
  );
  const lostAt = useRef<number>();
  // Before the first batch of the new connection, which counts from zero.
  useLayoutEffect(() => {
    if (connection === "broken") lostAt.current ??= Date.now();
    if (connection !== "open" || lostAt.current === undefined) return;
    const gap = { from: lostAt.current, to: Date.now() };
    lostAt.current = undefined;
    setList((before) => reconnect(before, gap));
  }, [connection]);
  const isPaused = list.paused !== undefined;
  return (
    <>
      <div class="bar">
        <button type="button" class="pause" onClick={() => setList(isPaused ? resume : pause)}>
          {isPaused ? `Go on (${countText(list.paused?.waiting.length ?? 0)} new)` : "Pause"}
        </button>
        <p class="counts">
          <Shown list={list} />
        </p>
        <p class="as-of" role="status">
          {connection === "broken" ? "The console does not answer; trying again." : stateWords(state)}
        </p>
        <Save name="live" rows={() => list.events.map(rowOf)} disabled={list.events.length === 0} />
      </div>
      <Gap list={list} />
      {list.events.length === 0 ? (
        <Empty isFiltered={query !== ""} isReading={state.state === "reading"} seen={list.seen} />
      ) : (
        <LiveRows events={list.events} />
      )}
    </>
  );
}

function stateWords(state: LiveState): string {
  if (state.state === "joining") return "Joining: Kafka is asked where the topics end.";
  if (state.state === "broken") return `Kafka cannot be read: ${state.why}. Trying again.`;
  return "";
}

function Gap({ list: { gap } }: { readonly list: LiveList }) {
  const { zone } = useSettings();
  if (gap === undefined) return null;
  return (
    <p class="gap">
      <span class="sign warning" aria-hidden="true">
        !
      </span>
      There was no connection from {shortTimeText(gap.from, zone)} to {shortTimeText(gap.to, zone)}: what arrived in
      between is neither listed nor counted here.
    </p>
  );
}

/** Exactly how much of what there was is shown. */
function Shown({ list: { shown, matched, seen } }: { readonly list: LiveList }) {
  if (seen === 0) return null;
  if (matched === 0) return <>Shown: none of {countText(seen)} that came by</>;
  const passed = seen === matched ? "" : ` that fit, of ${countText(seen)} that came by`;
  if (shown === matched) {
    return (
      <>
        Shown: <strong>all {countText(matched)}</strong>
        {passed}
      </>
    );
  }
  return (
    <>
      Shown: <strong>{countText(shown)}</strong> of {countText(matched)}
      {passed}; beyond 200 a second they are counted, not shown
    </>
  );
}

type EmptyProps = { readonly isFiltered: boolean; readonly isReading: boolean; readonly seen: number };

function Empty({ isFiltered, isReading, seen }: EmptyProps) {
  if (!isReading) return <div class="nothing" aria-busy="true" />;
  if (isFiltered) {
    return (
      <div class="nothing">
        <h2>Nothing fits yet</h2>
        <p>
          {seen === 0 ? "No event has come by since this filter was set." : "Events came by, and none of them fits."}{" "}
          Types and keys are compared whole; a <code>*</code> at the end of a type stands for any rest.
        </p>
      </div>
    );
  }
  return (
    <div class="nothing">
      <h2>Nothing has arrived yet</h2>
      <p>Events appear here within a second. In a second terminal:</p>
      <pre>
        <code>{`eval "$(npx hailstream env)"
npx hailstream simulate`}</code>
      </pre>
    </div>
  );
}
