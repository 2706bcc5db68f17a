import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LiveEvent } from "../../live/shapes.ts";
import { Link } from "../parts/link.tsx";
import { countText, timeText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { recordAddress } from "./live-address.ts";
import { maxKept, placeOf } from "./live-list.ts";

const rowHeight = 34;
const overscan = 10;
/** A row has no place for more. */
const previewChars = 300;

const statuses = {
  accepted: { words: "accepted", sign: "✓", look: "ok" },
  quarantined: { words: "quarantined", sign: "!", look: "warning" },
  "dead-letter": { words: "dead letter", sign: "✕", look: "fault" },
} as const;

/** Only the rows that can be seen are in the page, however many are kept. The newest is on top. */
export function LiveRows({ events }: { readonly events: readonly LiveEvent[] }) {
  const frame = useRef<HTMLElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const update = () => setView({ top: element.scrollTop, height: element.clientHeight });
    update();
    const observer = new ResizeObserver(update);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // Who reads further down is not carried away by what arrives on top.
  const newest = useRef<LiveEvent>();
  useLayoutEffect(() => {
    const element = frame.current;
    const before = newest.current;
    newest.current = events[0];
    if (element === null || before === undefined || element.scrollTop < rowHeight) return;
    const added = events.indexOf(before);
    if (added > 0) element.scrollTop += added * rowHeight;
  }, [events]);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(events.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  return (
    <section
      class="rows"
      ref={frame}
      aria-label="Events, the newest first"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
    >
      <div class="row names" aria-hidden="true">
        <span>Arrived</span>
        <span class="status">Status</span>
        <span>Type</span>
        <span class="key">Key</span>
        <span class="data">Data</span>
      </div>
      <ol class="tall" style={{ height: `${events.length * rowHeight}px` }}>
        {events.slice(first, last).map((event, i) => (
          <Row
            key={placeOf(event)}
            event={event}
            position={first + i}
            count={events.length}
            top={(first + i) * rowHeight}
          />
        ))}
      </ol>
      {events.length >= maxKept ? <p class="as-of end">The newest {countText(maxKept)} are kept here.</p> : null}
    </section>
  );
}

type RowProps = {
  readonly event: LiveEvent;
  readonly position: number;
  readonly count: number;
  readonly top: number;
};

function Row({ event, position, count, top }: RowProps) {
  const { zone } = useSettings();
  const { words, sign, look } = statuses[event.status];
  const { key, data } = event.open ?? event;
  const { problem } = event;
  return (
    <li class="row" aria-setsize={count} aria-posinset={position + 1} style={{ top: `${top}px` }}>
      <span class="when" title={timeText(event.arrivedAt, zone, true)}>
        {timeText(event.arrivedAt, zone).slice(11)}
      </span>
      <span class="status">
        <span class={`sign ${look}`} aria-hidden="true">
          {sign}
        </span>
        <span class="words">{words}</span>
      </span>
      <Link class="type" to={recordAddress(event)}>
        {event.type}
      </Link>
      <span class="key">{key}</span>
      <span class="data">
        {problem === undefined ? null : <strong>{problem} </strong>}
        <span class="mono">{data.slice(0, previewChars)}</span>
      </span>
    </li>
  );
}
