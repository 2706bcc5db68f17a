import { connectorClasses, keysOf } from "../sinks/connectors/config.ts";
import type { ConfigKey } from "../sinks/connectors/keys.ts";
import { transformKinds } from "../sinks/transforms/chain.ts";
import { predicateKinds } from "../sinks/transforms/predicates.ts";

const cell = (text: string) => text.replaceAll("|", "\\|");

function table(keys: readonly ConfigKey[]): string {
  if (keys.length === 0) return "No keys of its own.\n";
  const rows = keys.map((key) => {
    const values = key.oneOf === undefined ? key.type.toLowerCase() : key.oneOf.join(", ");
    const standard =
      key.required === true ? "required" : key.default === undefined || key.default === "" ? "" : `\`${key.default}\``;
    return `| \`${key.name}\` | ${cell(values)} | ${standard} | ${cell(key.doc)} |`;
  });
  return ["| Key | Value | Default | Meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}

/** The reference of all keys of connectors, their transforms and predicates, from their declarations. */
export function connectorKeysPage(): string {
  const shared = keysOf("WebhookSink");
  const sections = [
    "# Keys of connectors\n",
    "Generated from `sinks/connectors/config.ts` and `sinks/transforms/chain.ts`. [connectors.md](connectors.md) tells how they are used.\n",
    `## Every connector\n\n${table(shared)}`,
    ...connectorClasses.flatMap((name) => {
      const own = keysOf(name).filter((key) => !shared.includes(key));
      return own.length === 0 ? [] : [`## ${name}\n\n${table(own)}`];
    }),
    "## Transforms\n\nTheir keys stand below `transforms.NAME.`, besides `type`, `predicate` and `negate`.\n",
    ...Object.entries(transformKinds).map(([name, kind]) => {
      const rule = kind.predicated ? "" : "Takes no predicate: the columns of a table must not depend on one.\n\n";
      return `### ${name}\n\n${rule}${table(kind.keys)}`;
    }),
    "## Predicates\n\nTheir keys stand below `predicates.NAME.`, besides `type`.\n",
    ...Object.entries(predicateKinds).map(([name, kind]) => `### ${name}\n\n${table(kind.keys)}`),
  ];
  return sections.join("\n");
}
