import type { Catalogue, EventField, EventKind, EventType } from "./event-type.ts";
import { exampleOf } from "./example.ts";

const titles: Readonly<Record<EventKind, string>> = {
  event: "Events that apps send",
  reference: "Reference data",
  derived: "What the pipeline makes itself",
};

/** The text of `docs/events.md`: every type with its fields and an example. */
export function eventsPage(catalogue: Catalogue): string {
  const types = [...catalogue.types.values()];
  const sections = (Object.keys(titles) as EventKind[]).map((kind) => {
    const own = types.filter((type) => type.kind === kind);
    return [`## ${titles[kind]}`, "", ...own.map(section)].join("\n");
  });
  return [
    "# Event catalogue",
    "",
    "Generated from the `.avsc` files under `schemas/` by `hailstream schemas types`. Do not edit.",
    "",
    "A field with a default may be left out. A field that is not listed is refused. Times are RFC 3339 text with an offset, or whole",
    "milliseconds since 1970. Money is in minor units, distances are in metres, speeds in metres a second.",
    "",
    ...sections,
    "## Enrichment",
    "",
    "Records of the enriched topics end with these fields, and so do the tables of their types.",
    "",
    ...table(enrichmentFields(types)),
    "",
  ].join("\n");
}

function section(type: EventType): string {
  const enriched = type.enriched === undefined ? [] : [`- Enriched in: \`${type.enriched.topic}\``];
  return [
    `### ${type.name}`,
    "",
    type.doc,
    "",
    `- Topic: \`${type.topic}\`, key \`${type.keyField}\``,
    ...enriched,
    `- Table: \`events.${type.name.replaceAll(".", "_")}\``,
    ...(type.analytics === undefined
      ? []
      : [`- For analysts: [\`analytics.${type.analytics}\`](analytics.md#${type.analytics})`]),
    `- Class: ${type.class}`,
    "",
    ...table(type.fields),
    "",
    "```json",
    JSON.stringify(exampleOf(type), null, 2),
    "```",
    "",
  ].join("\n");
}

function table(fields: readonly EventField[]): string[] {
  const rows = fields.map((field) => {
    const standard = field.hasDefault ? `\`${JSON.stringify(field.default)}\`` : "required";
    return `| \`${field.name}\` | ${typeWords(field)} | ${standard} | ${field.pii ?? ""} | ${field.doc.replaceAll("|", "\\|")} |`;
  });
  return ["| Field | Type | Default | Personal data | Meaning |", "|---|---|---|---|---|", ...rows];
}

function typeWords(field: EventField): string {
  const name = field.symbols?.join(", ") ?? field.logicalType ?? field.avroType;
  return field.nullable ? `${name} or null` : name;
}

function enrichmentFields(types: readonly EventType[]): readonly EventField[] {
  const type = types.find((candidate) => candidate.enriched !== undefined);
  return type?.enriched?.fields.slice(type.fields.length) ?? [];
}
