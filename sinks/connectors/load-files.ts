import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PipelineError } from "../../runtime/index.ts";
import { type ConnectorConfig, readConfig } from "./config.ts";
import { type InitialState, invalidFile, readConnectorFile } from "./read-file.ts";

/** The connectors that come with the program. */
export const shippedConnectors: string = fileURLToPath(new URL("../../connectors", import.meta.url));

export type DeclaredConnector = {
  readonly config: ConnectorConfig;
  readonly file: string;
  readonly initialState: InitialState;
};

/**
 * Reads the connectors of this program and of a folder of one's own, in the order of names. A file of one's own takes the place of a shipped one
 * with the same file name.
 * @throws PipelineError connector_invalid, for a file that cannot be used, or two connectors with one name
 */
export function loadConnectors(ownFolder?: string): readonly DeclaredConnector[] {
  const files = new Map<string, string>();
  for (const folder of [shippedConnectors, ...(ownFolder === undefined ? [] : [ownFolder])]) {
    for (const name of namesIn(folder)) files.set(name, join(folder, name));
  }
  const byName = new Map<string, DeclaredConnector>();
  for (const [, file] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const read = readConnectorFile(file, textOf(file));
    const { problems, config } = readConfig(read.config);
    if (config === undefined)
      throw invalidFile(
        file,
        problems.map((each) => ({ ...each, line: read.lineOf(each.key) })),
      );
    const other = byName.get(config.name);
    if (other !== undefined) {
      const got = `${JSON.stringify(config.name)}, as in ${other.file}`;
      throw invalidFile(file, [{ key: "name", expected: "a name of its own", got, line: read.lineOf("name") }]);
    }
    byName.set(config.name, { config, file, initialState: read.initialState });
  }
  return [...byName.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  } catch (cause) {
    throw new PipelineError("connector_invalid", {
      message: `The folder of connectors ${folder} cannot be read`,
      cause,
    });
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new PipelineError("connector_invalid", { message: `The connector ${file} cannot be read`, cause });
  }
}
