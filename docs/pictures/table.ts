/** A picture of a view of the console, as docs/images/NAME.png. */
export type Picture = {
  readonly name: string;
  /** The page of the console that it shows, and the view of it. */
  readonly page: string;
  readonly address: string;
  /** Playwright selectors of what must be on the page before it is taken. */
  readonly needs: readonly string[];
  /** An expression that must be true there, too. */
  readonly when?: string;
  /** In CSS pixels. */
  readonly width?: number;
  readonly height: number;
};

const liveRows = (many: number) => `.rows li.row >> nth=${many - 1}`;

const pipeline = {
  ...{ page: "/", height: 1_060 },
  needs: ["text=could not be stored", "text=went into quarantine"],
  // A line of some thirty looks.
  when: "(document.querySelector('.at-ingest .sparkline path')?.getAttribute('d') ?? '').length > 300",
};

const figures = (region: string, column: number, pattern: string) =>
  `role=region[name="${region}"] >> tbody td:nth-child(${column}):text-matches("${pattern}") >> nth=0`;

/** All of them, in the order of the navigation. `npm run screenshots` takes them. */
export const pictures: readonly Picture[] = [
  { name: "pipeline", address: "/?theme=light", ...pipeline },
  { name: "pipeline-dark", address: "/?theme=dark", ...pipeline },
  { name: "live", page: "/live", address: "/live", height: 640, needs: [liveRows(12)] },
  { name: "live-narrow", page: "/live", address: "/live", width: 390, height: 844, needs: [liveRows(20)] },
  {
    name: "event",
    page: "/live",
    address: "/live/id/call-for-help",
    height: 560,
    needs: ["text=It is stored", ".steps li >> nth=4"],
  },
  { name: "refused", page: "/refused", address: "/refused", height: 900, needs: [".group >> nth=2"] },
  { name: "topics", page: "/topics", address: "/topics", height: 800, needs: [figures("topics", 4, "[1-9].*/s")] },
  {
    ...{ name: "groups", page: "/groups", address: "/groups", height: 800 },
    needs: ['role=region[name="consumer groups"] >> tbody tr >> nth=9'],
  },
  {
    ...{ name: "connectors", page: "/connectors", address: "/connectors", height: 400 },
    needs: ['role=region[name="connectors"] >> tbody tr >> nth=0'],
  },
  { name: "schemas", page: "/schemas", address: "/schemas", height: 800, needs: [figures("schemas", 2, "[1-9]")] },
  { name: "alerts", page: "/alerts", address: "/alerts", height: 620, needs: ["text=Told"] },
  {
    ...{ name: "audit", page: "/audit", address: "/audit", height: 1_000 },
    needs: ["text=audited at", figures("Counts by minute", 2, "trip")],
  },
  {
    ...{ name: "map", page: "/map", address: "/map?city=cty_new_york", height: 1_000 },
    needs: ['role=region[name="Areas"] >> tbody tr >> nth=4', "canvas[aria-busy=false]"],
  },
  { name: "docs", page: "/docs", address: "/docs/alerts", height: 800, needs: ["article h1", "main[aria-busy=false]"] },
];
