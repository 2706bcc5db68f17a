import type { Database } from "../../store/index.ts";
import type { SinksOptions } from "../options.ts";
import { type ConnectorConfig, readConfig } from "./config.ts";
import { loadConnectors } from "./load-files.ts";
import { wantedConnectors } from "./records.ts";

/** The connectors of this program, of the folder of one's own, and those of the API, as they are configured now. */
export async function knownConnectors({
  options,
  db,
}: {
  readonly options: SinksOptions;
  readonly db: Database;
}): Promise<readonly ConnectorConfig[]> {
  const configs = loadConnectors(options.connectorsDir).map(({ config }) => config);
  for (const { config: flat } of await wantedConnectors(db)) {
    const read = flat === null ? undefined : readConfig(flat).config;
    if (read !== undefined) configs.push(read);
  }
  return configs;
}
