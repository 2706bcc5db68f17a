import type { Schemas, SchemasParts } from "./schemas.ts";

/** The schemas of this process, ready after `start`. */
export function createSchemas(_parts: SchemasParts): Schemas {
  throw new Error("not yet");
}
