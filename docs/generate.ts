import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadProgram } from "../commands/index.ts";
import { optionSets } from "../commands/option-sets.ts";
import { outlineOf } from "../commands/outline.ts";
import { errorTable, flagOf, variableOf } from "../runtime/index.ts";
import { faultsPage } from "../test/faults/page.ts";
import { readResults } from "../test/faults/results.ts";
import { analyticsPage } from "./analytics-page.ts";
import { commandsPage } from "./commands-page.ts";
import { connectorKeysPage } from "./connectors-page.ts";
import { metricsPage } from "./metrics-page.ts";

/**
 * Writes the reference pages that derive from code: `node docs/generate.ts`. With --verify it writes nothing and exits with 1
 * when a page is stale, which `npm run check` does.
 */
const folder = dirname(fileURLToPath(import.meta.url));

/** A plain text as Markdown that shows it so: two underlines would begin bold type. */
const plain = (text: string) => text.replaceAll("__", "\\_\\_");

function errorsPage(): string {
  const entries = Object.entries(errorTable).map(([code, entry]) =>
    [
      `## ${code}`,
      "",
      plain(entry.title),
      "",
      `- What to do: ${plain(entry.remedy)}`,
      `- Try again unchanged: ${entry.retryable ? "yes" : "no"}`,
      "",
    ].join("\n"),
  );
  return `# Error codes\n\nGenerated from \`runtime/error-table.ts\`. A code is never renamed and never changes its meaning.\n\n${entries.join("\n")}`;
}

function optionsPage(): string {
  const sections = optionSets.map((set) => {
    const rows = Object.entries(set.specs).map(([key, spec]) => {
      const standard = spec.default === undefined ? "" : spec.secret === true ? "set" : `\`${spec.default}\``;
      return `| \`${flagOf(set, key)}\` | \`${variableOf(set, key)}\` | ${standard} | ${spec.unit ?? ""} | ${spec.description.replaceAll("|", "\\|")} |`;
    });
    return [
      `## ${set.station}`,
      "",
      "| Flag | Variable | Default | Unit | Meaning |",
      "|---|---|---|---|---|",
      ...rows,
      "",
    ].join("\n");
  });
  return [
    "# Options",
    "",
    "Generated from the option sets of the stations. A flag wins over its variable, a variable over the default. An unknown",
    "flag or `HAILSTREAM_` variable is an error that names the nearest one.",
    "",
    "Exit codes of every command: 0 done, 1 failed, 2 refused (a wrong option, argument or input).",
    "",
    ...sections,
  ].join("\n");
}

const { env, stdout, stderr } = process;
const outline = outlineOf(await loadProgram({ env, stdout, stderr }, () => undefined));

/** A line for each set of options and each command, so that a change shows where it is. */
function outlineFile(): string {
  const groups = Object.entries(outline.groups).map((entry) => entry.map((part) => JSON.stringify(part)).join(": "));
  const commands = outline.commands.map((command) => JSON.stringify(command));
  return `{"groups": {\n${groups.join(",\n")}\n}, "commands": [\n${commands.join(",\n")}\n]}\n`;
}

const pages: Readonly<Record<string, string>> = {
  "../commands/outline.json": outlineFile(),
  "commands.md": commandsPage(outline),
  "errors.md": errorsPage(),
  "options.md": optionsPage(),
  "metrics.md": metricsPage(),
  "analytics.md": analyticsPage(),
  "connector-keys.md": connectorKeysPage(),
  "faults.md": faultsPage(readResults()),
};
const verify = process.argv.includes("--verify");
for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name);
  if (!verify) writeFileSync(path, text);
  else if (readOrEmpty(path) !== text) {
    process.stderr.write(`${join("docs", name)} is stale: run node docs/generate.ts\n`);
    process.exitCode = 1;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
