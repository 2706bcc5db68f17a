import { nameAt } from "../parts/list-address.ts";
import "./connectors.css";
import type { ConnectorAction, ConnectorRow } from "../../connectors/shapes.ts";
import { lagColumns } from "../parts/kafka-columns.tsx";
import { Link } from "../parts/link.tsx";
import { type Column, List, Unknown } from "../parts/list.tsx";
import { countText, shortTimeText } from "../parts/words.ts";
import { usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import { ConnectorPage } from "./connector-page.tsx";
import { ConnectorState, connectorAddress } from "./connector-state.tsx";

/** All connectors at `/connectors`, and each at an address of its own. */
export function ConnectorsPages() {
  const { path } = usePlace();
  const name = nameAt(path, "/connectors");
  return name === "" ? <ConnectorsPage /> : <ConnectorPage key={name} name={name} />;
}

const columns: readonly Column<ConnectorRow>[] = [
  {
    ...{ name: "Connector", sort: "name" },
    cell: ({ name, unknown }) => (
      <>
        <Link to={connectorAddress(name)}>{name}</Link>
        <Unknown text={unknown} />
      </>
    ),
  },
  { name: "State", sort: "state", cell: (row) => <ConnectorState connector={row} /> },
  ...lagColumns<ConnectorRow>("Not stored yet"),
  { name: "Tasks", sort: "tasks", isNumber: true, cell: ({ tasks }) => countText(tasks) },
  { name: "Kind", sort: "kind", cell: ({ kind }) => kind },
  { name: "Done last", cell: ({ last }) => (last === null ? "–" : <Last action={last} />) },
];

function Last({ action: { what, at, refusal } }: { readonly action: ConnectorAction }) {
  const { zone } = useSettings();
  return (
    <span>
      {what}
      {refusal === null ? "" : " (refused)"}, {shortTimeText(at, zone)}
    </span>
  );
}

function ConnectorsPage() {
  return (
    <List
      {...{ path: "/connectors", api: "/api/connectors", files: "/api/connectors/export", columns }}
      things={["connectors", "connector"]}
      keyOf={({ name }) => name}
    />
  );
}
