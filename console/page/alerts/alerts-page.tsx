import "./alerts.css";

import { Link } from "../parts/link.tsx";
import { usePlace } from "../router.ts";
import { DeliveriesView } from "./deliveries-view.tsx";
import { DeliveryView } from "./delivery-view.tsx";
import { EndpointsView } from "./endpoints-view.tsx";
import { HistoryView } from "./history-view.tsx";
import { NowView } from "./now-view.tsx";
import { RuleView } from "./rule-view.tsx";
import { RulesView } from "./rules-view.tsx";
import { SilenceView } from "./silence-view.tsx";
import { SilencesView } from "./silences-view.tsx";

const parts = [
  { path: "/alerts", name: "Now", View: NowView },
  { path: "/alerts/history", name: "History", View: HistoryView },
  { path: "/alerts/deliveries", name: "Deliveries", View: DeliveriesView },
  { path: "/alerts/silences", name: "Silences", View: SilencesView },
  { path: "/alerts/rules", name: "Rules", View: RulesView },
  { path: "/alerts/endpoints", name: "Endpoints", View: EndpointsView },
] as const;

/** What fires, what was told to whom, and what is silenced. */
export function AlertsPage() {
  const { path } = usePlace();
  const part = parts.findLast((each) => path === each.path || path.startsWith(`${each.path}/`)) ?? parts[0];
  const rest = decodeURIComponent(path.slice(part.path.length + 1));
  return (
    <main id="main" tabIndex={-1} class="alerts">
      <nav class="parts" aria-label="Parts of this page">
        {parts.map((each) => (
          <Link key={each.path} to={each.path} current={each === part}>
            {each.name}
          </Link>
        ))}
      </nav>
      {part.path === "/alerts/deliveries" && rest !== "" ? (
        <DeliveryView id={rest} />
      ) : part.path === "/alerts/silences" && rest === "new" ? (
        <SilenceView />
      ) : part.path === "/alerts/rules" && rest !== "" ? (
        <RuleView name={rest} />
      ) : (
        <part.View />
      )}
    </main>
  );
}
