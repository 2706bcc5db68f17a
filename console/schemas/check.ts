import { messageOf } from "../../runtime/index.ts";
import { type Catalogue, type EventType, parseEventType, type ReleasedSchema } from "../../schemas/index.ts";
import { differencesOf } from "./differences.ts";
import type { Version } from "./rows.ts";
import type { SchemaVerdict } from "./shapes.ts";

/**
 * What it would mean to make a text the schema of a type: whether it is one of ours at all, and whether it reads every version there was. What the registry keeps of
 * a schema has no topic, key and class; then they are those of the type.
 */
export function checkPasted(
  type: EventType,
  text: string,
  { catalogue, versions }: { readonly catalogue: Catalogue; readonly versions: readonly Version[] },
): SchemaVerdict {
  let given: ReleasedSchema;
  try {
    const json = JSON.parse(text) as ReleasedSchema;
    given = { ...{ topic: type.topic, key: type.keyField, class: type.class }, ...json };
  } catch (error) {
    return { problem: `It is no JSON: ${messageOf(error)}`, results: [] };
  }
  try {
    parseEventType(`${type.name}.avsc`, JSON.stringify(given), type.kind, catalogue.enrichment);
  } catch (error) {
    return { problem: messageOf(error), results: [] };
  }
  const results = versions.map(({ name, schema }) => {
    const changes = differencesOf(schema, given);
    return { version: name, changes, compatible: !changes.some(({ breaking }) => breaking) };
  });
  return { problem: null, results };
}
