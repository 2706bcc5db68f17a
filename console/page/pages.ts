import type { ComponentType } from "preact";
import { AlertsPage } from "./alerts/alerts-page.tsx";
import { AuditPage } from "./audit/audit-page.tsx";
import { ConnectorsPages } from "./connectors/connectors-page.tsx";
import { DocsPage } from "./docs/docs-page.tsx";
import { FlowPage } from "./flow/flow-page.tsx";
import { GroupsPages } from "./groups/groups-page.tsx";
import { LivePages } from "./live/live-page.tsx";
import { MapPage } from "./map/map-page.tsx";
import { RefusedPage } from "./refused/refused-page.tsx";
import { SchemasPages } from "./schemas/schemas-page.tsx";
import { TopicsPages } from "./topics/topics-page.tsx";

export type PageEntry = {
  /** Where the page begins; what follows after a slash is the page's own. */
  readonly path: string;
  readonly name: string;
  readonly View: ComponentType;
};

/** In the order of the navigation. */
export const pages: readonly PageEntry[] = [
  { path: "/", name: "Pipeline", View: FlowPage },
  { path: "/live", name: "Live", View: LivePages },
  { path: "/refused", name: "Refused", View: RefusedPage },
  { path: "/topics", name: "Topics", View: TopicsPages },
  { path: "/groups", name: "Groups", View: GroupsPages },
  { path: "/connectors", name: "Connectors", View: ConnectorsPages },
  { path: "/schemas", name: "Schemas", View: SchemasPages },
  { path: "/alerts", name: "Alerts", View: AlertsPage },
  { path: "/audit", name: "Audit", View: AuditPage },
  { path: "/map", name: "Map", View: MapPage },
  { path: "/docs", name: "Docs", View: DocsPage },
];

/** The page that shows an address; undefined: none. */
export function pageAt(address: string, among = pages): PageEntry | undefined {
  return among.find(({ path }) => address === path || (path !== "/" && address.startsWith(`${path}/`)));
}
