import type { ConnectorRow } from "../../connectors/shapes.ts";
import { Mark } from "../parts/list.tsx";

export const connectorAddress = (name: string) => `/connectors/${encodeURIComponent(name)}`;

const words: Readonly<Record<string, string>> = { RUNNING: "runs", PAUSED: "rests", STOPPED: "is stopped" };

/** What a connector does, in words; the API's own word is its title. */
export function ConnectorState({ connector: { state, trouble } }: { readonly connector: ConnectorRow }) {
  return (
    <span title={state}>
      {trouble !== null ? (
        <Mark of="fault">{trouble}</Mark>
      ) : (
        <Mark of={state === "RUNNING" ? "ok" : "warning"}>{words[state] ?? state}</Mark>
      )}
    </span>
  );
}
