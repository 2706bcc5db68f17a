import { didYouMean } from "../../runtime/index.ts";
import type { Catalogue, EventField } from "../../schemas/index.ts";
import { deadLetterTopic } from "../dead-letter.ts";
import { lateEventTopic } from "../state/late-event.ts";
import { ExpressionError } from "./expressions.ts";

/**
 * What the pipeline sets aside can be counted by rules as well, though its records are no events: of their headers these are their data, by the name
 * of the field.
 */
export const ownSources: Readonly<
  Record<string, { readonly topic: string; readonly headers: Readonly<Record<string, string>> }>
> = {
  "pipeline.dead_letter": {
    topic: deadLetterTopic,
    headers: { step: "dl_step", code: "dl_code", topic: "dl_topic", event_type: "ce_type" },
  },
  "pipeline.quarantined": { topic: "quarantine", headers: { code: "quarantine_code", event_type: "ce_type" } },
  "pipeline.late_event": {
    topic: lateEventTopic,
    headers: { flow: "late_flow", topic: "late_topic", event_type: "ce_type" },
  },
};

/** The type of the records of such a topic. */
export function ownTypeOf(topic: string): string | undefined {
  return Object.keys(ownSources).find((type) => ownSources[type]?.topic === topic);
}

/** The topic where a rule hears of events of a type: enriched ones where there are such. */
export function sourceOf(type: string, catalogue: Catalogue): string {
  const known = catalogue.types.get(type);
  return ownSources[type]?.topic ?? known?.enriched?.topic ?? known?.topic ?? "";
}

/** The fields of a type, by their type in CEL. @throws ExpressionError for a type that there is not */
export function fieldsOf(type: string, catalogue: Catalogue): Readonly<Record<string, string>> {
  const own = ownSources[type];
  if (own !== undefined) return Object.fromEntries(Object.keys(own.headers).map((name) => [name, "string"]));
  const known = catalogue.types.get(type);
  if (known === undefined) {
    const hint = didYouMean(type, [...catalogue.types.keys(), ...Object.keys(ownSources)]);
    throw new ExpressionError(
      `expected an event type, got ${type}${hint === undefined ? "" : `; did you mean ${hint}?`}`,
    );
  }
  return Object.fromEntries(
    [...known.fields, ...(known.enriched?.fields ?? [])].map((field) => [field.name, celType(field)]),
  );
}

function celType({ nullable, avroType }: EventField): string {
  if (nullable) return "dyn";
  switch (avroType) {
    case "string":
    case "enum":
      return "string";
    case "boolean":
      return "bool";
    case "int":
    case "long":
    case "float":
    case "double":
      return "double";
    default:
      return "dyn";
  }
}
