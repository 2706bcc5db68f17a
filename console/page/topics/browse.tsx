import { useRef, useState } from "preact/hooks";
import { maxShownBytes, type PartitionRow, type RecordList, type RecordRow } from "../../kafka/shapes.ts";
import { hexOf } from "../parts/hex.ts";
import { AsOf, PageLink } from "../parts/list.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText, timeText } from "../parts/words.ts";
import { goTo, usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import {
  type BrowsePlace,
  browsePlaceOf,
  browseQuery,
  fieldOfTime,
  goesForward,
  timeOfField,
} from "./browse-address.ts";

type BrowseProps = { readonly topic: string; readonly partitions: readonly PartitionRow[] };

/** The records of a partition, decoded: the newest, or those from an offset or a moment on. What is shown is part of the address. */
export function Browse({ topic, partitions }: BrowseProps) {
  const { path, search } = usePlace();
  const asked = browsePlaceOf(search);
  // Once chosen it stays: a record that comes into another one must not take away what somebody reads and types here.
  const first = useRef<number>();
  first.current ??= firstWithRecords(partitions);
  const place = { ...asked, partition: asked.partition ?? first.current ?? 0 };
  const { open, ...where } = place;
  const api = `/api/kafka/topics/${encodeURIComponent(topic)}/records${browseQuery(where)}`;
  const { answer: list, problem, again } = useAsked<RecordList>(api);
  const at = (next: BrowsePlace) => `${path}${browseQuery({ partition: place.partition, ...next })}`;
  return (
    <section class="browse" aria-label="Records">
      <h2 id="records">Records</h2>
      <BrowseForm
        key={browseQuery(where)}
        {...{ partitions, place }}
        onGo={(next) => {
          const address = `${path}${browseQuery(next)}`;
          if (address === path + browseQuery(where)) again();
          else goTo(address);
        }}
      />
      <AsOf problem={problem} at={undefined} />
      {list === undefined ? null : (
        <>
          <p class="hint" role="status">
            {caption(list, place)} Save these, personal fields masked, as{" "}
            <a href={`${api}${api.includes("?") ? "&" : "?"}format=csv`}>CSV</a> or{" "}
            <a href={`${api}${api.includes("?") ? "&" : "?"}format=jsonl`}>JSON lines</a>.
          </p>
          <ol class="records">
            {inOrder(list, place).map((record) => (
              <RecordItem
                key={record.offset}
                record={record}
                isOpen={open === record.offset}
                onToggle={(isOpen) => {
                  const now = browsePlaceOf(location.search);
                  if (isOpen && now.open !== record.offset)
                    goTo(at({ ...now, open: record.offset }), { replace: true });
                  if (!isOpen && now.open === record.offset) {
                    const { open: _closed, ...rest } = now;
                    goTo(at(rest), { replace: true });
                  }
                }}
              />
            ))}
          </ol>
          <Pager list={list} at={at} />
        </>
      )}
    </section>
  );
}

function firstWithRecords(partitions: readonly PartitionRow[]): number | undefined {
  return partitions.find(({ low, high }) => low !== high)?.partition;
}

function inOrder({ records }: RecordList, place: BrowsePlace): readonly RecordRow[] {
  return goesForward(place) ? records : [...records].reverse();
}

function caption({ records, partition, low, high }: RecordList, place: BrowsePlace): string {
  const holds =
    low === high
      ? `Partition ${partition} holds nothing.`
      : `Partition ${partition} holds offsets ${low} to ${BigInt(high) - 1n}.`;
  if (records.length === 0) return low === high ? holds : `Nothing is there. ${holds}`;
  const order = goesForward(place) ? "the oldest first" : "the newest first";
  return `${countText(records.length)} record${records.length === 1 ? "" : "s"}, ${order}. ${holds}`;
}

function Pager({ list, at }: { readonly list: RecordList; at(place: BrowsePlace): string }) {
  const [first, last] = [list.records[0]?.offset, list.records.at(-1)?.offset];
  const older = first !== undefined && BigInt(first) > BigInt(list.low) ? at({ before: first }) : undefined;
  const next = last === undefined ? undefined : BigInt(last) + 1n;
  const newer = next !== undefined && next < BigInt(list.high) ? at({ offset: String(next) }) : undefined;
  if (older === undefined && newer === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages of records">
      <PageLink to={older}>← Older</PageLink>
      <PageLink to={newer}>Newer →</PageLink>
    </nav>
  );
}

type FormProps = {
  readonly partitions: readonly PartitionRow[];
  readonly place: BrowsePlace;
  onGo(place: BrowsePlace): void;
};

function BrowseForm({ partitions, place, onGo }: FormProps) {
  const { zone } = useSettings();
  const [partition, setPartition] = useState(place.partition ?? 0);
  const [from, setFrom] = useState(place.offset !== undefined ? "offset" : place.time !== undefined ? "time" : "end");
  const [offset, setOffset] = useState(place.offset ?? "");
  const [time, setTime] = useState(place.time === undefined ? "" : fieldOfTime(place.time, zone));
  const submit = (event: Event) => {
    event.preventDefault();
    const moment = timeOfField(time, zone);
    if (from === "offset") onGo({ partition, offset });
    else if (from === "time" && moment !== undefined) onGo({ partition, time: moment });
    else onGo({ partition });
  };
  return (
    <form class="browse-form" onSubmit={submit}>
      <label>
        Partition
        <select value={partition} onChange={(event) => setPartition(Number(event.currentTarget.value))}>
          {partitions.map(({ partition: each }) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <label>
        Show
        <select value={from} onChange={(event) => setFrom(event.currentTarget.value)}>
          <option value="end">the newest</option>
          <option value="offset">from an offset on</option>
          <option value="time">from a time on</option>
        </select>
      </label>
      {from === "offset" ? (
        <label>
          Offset
          <input
            {...{ required: true, inputMode: "numeric", pattern: "[0-9]{1,19}", value: offset }}
            onInput={(event) => setOffset(event.currentTarget.value)}
          />
        </label>
      ) : null}
      {from === "time" ? (
        <label>
          Arrived since ({zone === "utc" ? "UTC" : "local time"})
          <input
            {...{ type: "datetime-local", step: 1, required: true, value: time }}
            onInput={(event) => setTime(event.currentTarget.value)}
          />
        </label>
      ) : null}
      <button type="submit" class="primary">
        Read
      </button>
    </form>
  );
}

type ItemProps = { readonly record: RecordRow; readonly isOpen: boolean; onToggle(isOpen: boolean): void };

function RecordItem({ record, isOpen, onToggle }: ItemProps) {
  const { zone } = useSettings();
  const { offset, arrivedAt, key, type, data, problem } = record;
  return (
    <li class={problem !== undefined && data === undefined ? "record undecoded" : "record"}>
      <details open={isOpen} onToggle={(event) => onToggle(event.currentTarget.open)}>
        <summary>
          <span class="offset mono">{offset}</span> <span class="when">{timeText(arrivedAt, zone)}</span>{" "}
          <strong>{type ?? "no type"}</strong> <span class="key">{key ?? "no key"}</span>{" "}
          <span class="preview mono">
            {data === undefined ? `! ${problem ?? "not shown"}` : JSON.stringify(data).slice(0, 300)}
          </span>
        </summary>
        {isOpen ? <RecordDetail record={record} /> : null}
      </details>
    </li>
  );
}

function RecordDetail({ record }: { readonly record: RecordRow }) {
  const { data, problem, schema, headers, bytes, size, masked } = record;
  return (
    <div class="record-detail">
      {problem === undefined ? null : (
        <p class="refusal">
          <span aria-hidden="true">! </span>
          {problem}
        </p>
      )}
      {masked.length === 0 ? null : <p class="hint">Personal fields are masked for the role view.</p>}
      {schema === undefined ? null : <p class="hint">{schema}</p>}
      {data === undefined ? null : <Block label="Data">{JSON.stringify(data, undefined, 2)}</Block>}
      <h3>Headers</h3>
      {headers.length === 0 ? (
        <p class="empty">It has none.</p>
      ) : (
        <dl class="headers">
          {headers.map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <h3>Bytes ({countText(size)})</h3>
      {bytes === undefined ? (
        <p class="hint">
          {size === 0
            ? "There are none."
            : "They may hold what is personal, so they are shown to the role operate only."}
        </p>
      ) : (
        <>
          {size > maxShownBytes ? <p class="hint">The first {countText(maxShownBytes)} are shown.</p> : null}
          <Block label="Bytes">{hexOf(bytes).text}</Block>
        </>
      )}
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
