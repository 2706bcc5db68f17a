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

const rows = (region: string, many: number) => `role=region[name="${region}"] >> tbody tr >> nth=${many - 1}`;
const liveRows = (many: number) => `.rows li.row >> nth=${many - 1}`;

const pipeline = {
  ...{ page: "/", height: 1_060 },
  needs: ["text=could not be stored", "text=went into quarantine"],
  // A line of some thirty looks.
  when: "document.querySelector('.at-ingest .sparkline path').getAttribute('d').length > 300",
};

/** All of them, in the order of the navigation. `npm run screenshots` takes them. */
export const pictures: readonly Picture[] = [
  { name: "pipeline", address: "/?theme=light", ...pipeline },
  { name: "pipeline-dark", address: "/?theme=dark", ...pipeline },
  { name: "live", page: "/live", address: "/live", height: 800, needs: [liveRows(25)] },
  { name: "live-narrow", page: "/live", address: "/live", width: 390, height: 844, needs: [liveRows(20)] },
  { name: "event", page: "/live", address: "/live/id/rating-0", height: 900, needs: ["main ol li >> nth=2"] },
  { name: "refused", page: "/refused", address: "/refused", height: 1_000, needs: ["text=Quarantined >> nth=1"] },
  { name: "topics", page: "/topics", address: "/topics", height: 800, needs: [rows("topics", 10)] },
  { name: "groups", page: "/groups", address: "/groups", height: 800, needs: [rows("consumer groups", 10)] },
  { name: "connectors", page: "/connectors", address: "/connectors", height: 800, needs: [rows("connectors", 5)] },
  { name: "schemas", page: "/schemas", address: "/schemas", height: 800, needs: [rows("schemas", 10)] },
  { name: "alerts", page: "/alerts", address: "/alerts", height: 800, needs: ["text=Told"] },
  { name: "audit", page: "/audit", address: "/audit", height: 900, needs: [rows("Counts by minute", 5)] },
  { name: "map", page: "/map", address: "/map", height: 1_000, needs: [rows("Areas", 5)] },
];
