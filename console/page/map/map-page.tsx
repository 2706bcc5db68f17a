import "./map.css";
import { useEffect, useRef, useState } from "preact/hooks";
import type { CellLine, Land, MapMinute } from "../../map/shapes.ts";
import { Link } from "../parts/link.tsx";
import { Exports, Problem, Scroll } from "../parts/list-parts.tsx";
import { type Query, useQuery } from "../parts/query.ts";
import { useAsked } from "../parts/use-asked.ts";
import { countText, timeText } from "../parts/words.ts";
import { useSettings } from "../settings.ts";
import { cellAt, type Drawing, drawMap } from "./draw-map.ts";
import { type Frame, frameOf, type Measure, measures, measureText, measureWords, widen } from "./map-words.ts";

const lasts = { "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000 } as const;

/** Drivers and demand by area, minute by minute. */
export function MapPage() {
  const { zone } = useSettings();
  const query = useQuery();
  const measure = measures.find((each) => each === query.get("show")) ?? "surge";
  const last = query.get("last") ?? "";
  const asked = new URLSearchParams({ last: String(last in lasts ? lasts[last as keyof typeof lasts] : lasts["6h"]) });
  for (const name of ["city", "to", "at"]) {
    const value = query.get(name);
    if (value !== undefined) asked.set(name, value);
  }
  const path = `/api/map/minute?${asked}`;
  const isLive = query.get("at") === undefined;
  // What is shown stays until the next minute is here, so the slider moves without a flicker.
  const { last: now, problem } = useAsked<MapMinute>(path, isLive ? 5_000 : undefined);
  return (
    <main id="main" tabIndex={-1} class="map-page">
      <h1>Drivers and demand{now?.city == null ? "" : ` in ${now.city}`}</h1>
      <form class="filter-form" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>City</span>
          <select
            value={now?.city ?? ""}
            onChange={(event) => query.set({ city: event.currentTarget.value, at: undefined })}
          >
            {(now?.cities ?? []).map((city) => (
              <option key={city} value={city}>
                {city}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Colour</span>
          <select value={measure} onChange={(event) => query.set({ show: event.currentTarget.value })}>
            {measures.map((each) => (
              <option key={each} value={each}>
                {measureWords[each]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Slider over</span>
          <select
            value={last in lasts ? last : "6h"}
            onChange={(event) => query.set({ last: event.currentTarget.value, at: undefined })}
          >
            <option value="1h">the last hour</option>
            <option value="6h">the last 6 hours</option>
            <option value="24h">the last day</option>
          </select>
        </label>
        <Exports path={path} what="Areas" />
      </form>
      <Problem text={problem} />
      {now === undefined ? null : now.minute === null || now.minutes.length === 0 ? (
        <p class="empty">
          There is no minute of a marketplace in this time. A minute is closed some time behind its end, when no more
          events of it are awaited.
        </p>
      ) : (
        <>
          <Slider map={now} query={query} isLive={isLive} />
          {now.whole === null ? null : (
            <p class="whole" role="status">
              {timeText(now.minute, zone).slice(0, 16)}: {countText(now.whole.drivers)} free drivers,{" "}
              {countText(now.whole.requests)} requests, {countText(now.whole.unmet)} unmet, surge{" "}
              {measureText("surge", now.whole.surge)}
            </p>
          )}
          <MapView key={now.city} map={now} measure={measure} query={query} />
          <Areas map={now} chosen={query.get("cell")} query={query} />
        </>
      )}
    </main>
  );
}

type PartProps = { readonly map: MapMinute; readonly query: Query };

function Slider({ map, query, isLive }: PartProps & { readonly isLive: boolean }) {
  const { zone } = useSettings();
  const { minutes } = map;
  const place = minutes.findLastIndex((minute) => minute <= (map.minute ?? 0));
  const text = map.minute === null ? "" : timeText(map.minute, zone).slice(0, 16);
  return (
    <div class="slider">
      <input
        type="range"
        aria-label="Minute"
        aria-valuetext={text}
        min={0}
        max={Math.max(0, minutes.length - 1)}
        value={Math.max(0, place)}
        onInput={(event) => {
          const minute = minutes[Number(event.currentTarget.value)];
          if (minute !== undefined) query.set({ at: new Date(minute).toISOString() }, { replace: true });
        }}
      />
      <output>{text}</output>
      {isLive ? (
        <span class="soft">the newest, moves on</span>
      ) : (
        <Link to={query.with({ at: undefined })}>To the newest</Link>
      )}
    </div>
  );
}

function MapView({ map, measure, query }: PartProps & { readonly measure: Measure }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<Frame>();
  const own = frameOf(map.cells);
  if (own !== undefined) frame.current = widen(frame.current, own);
  const land = useAsked<Land>(
    frame.current === undefined ? undefined : `/api/map/land?${frameQuery(frame.current)}`,
  ).answer;
  const [size, setSize] = useState(0);
  const chosen = query.get("cell");
  const drawing: Drawing | undefined =
    frame.current === undefined ? undefined : { frame: frame.current, cells: map.cells, land, measure, chosen };
  useEffect(() => {
    const redraw = () => setSize((before) => before + 1);
    const observer = new ResizeObserver(redraw);
    if (canvas.current !== null) observer.observe(canvas.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    const theme = new MutationObserver(redraw);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      observer.disconnect();
      dark.removeEventListener("change", redraw);
      theme.disconnect();
    };
  }, []);
  useEffect(() => {
    if (canvas.current !== null && drawing !== undefined) drawMap(canvas.current, drawing);
  }, [map, measure, land, chosen, size]);
  return (
    <figure class="map">
      <canvas
        ref={canvas}
        role="img"
        aria-busy={land === undefined}
        aria-label={`Map of ${countText(map.cells.length)} areas by ${measureWords[measure].toLowerCase()}; the table below has the same numbers`}
        onClick={(event) => {
          if (drawing === undefined) return;
          const { clientWidth, clientHeight } = event.currentTarget;
          const cell = cellAt(drawing, clientWidth, clientHeight, event.offsetX, event.offsetY);
          query.set({ cell: cell?.cell }, { replace: true });
        }}
      />
      <figcaption>
        The stronger an area's colour, the higher its {measureWords[measure].toLowerCase()}
        {measure === "surge" ? " (1.0× to 3.0×)" : ""}; in large areas the number stands inside. A click chooses one.
        Lines are coasts and borders of countries, by Natural Earth, 1:10 million.
      </figcaption>
    </figure>
  );
}

/** Whole tenths, so that a frame that moves by a hair is the same question; with what a canvas that is wider or higher shows around it. */
function frameQuery({ west, south, east, north }: Frame): URLSearchParams {
  const around = Math.max(east - west, north - south) * 1.5;
  const out = (value: number, most: number, round: (value: number) => number) =>
    String(Math.min(most, Math.max(-most, round(value * 10) / 10)));
  return new URLSearchParams({
    ...{ west: out(west - around, 180, Math.floor), south: out(south - around, 90, Math.floor) },
    ...{ east: out(east + around, 180, Math.ceil), north: out(north + around, 90, Math.ceil) },
  });
}

function Areas({ map, chosen, query }: PartProps & { readonly chosen: string | undefined }) {
  const cells = [...map.cells].sort((a, b) => b.surge - a.surge || b.requests - a.requests || b.drivers - a.drivers);
  return (
    <section class="block">
      <h2>The same as numbers</h2>
      <Scroll label="Areas">
        <table>
          <thead>
            <tr>
              <th scope="col">H3 cell</th>
              {measures.map((measure) => (
                <th key={measure} scope="col" class="number">
                  {measureWords[measure]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map((line) => (
              <AreaRow key={line.cell} line={line} isChosen={line.cell === chosen} query={query} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function AreaRow({
  line,
  isChosen,
  query,
}: {
  readonly line: CellLine;
  readonly isChosen: boolean;
  readonly query: Query;
}) {
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <th scope="row">
        <Link to={query.with({ cell: isChosen ? undefined : line.cell })} current={isChosen}>
          {line.cell}
        </Link>
        {isChosen ? " ← on the map" : ""}
      </th>
      {measures.map((measure) => (
        <td key={measure} class="number">
          {measureText(measure, line[measure])}
        </td>
      ))}
    </tr>
  );
}
