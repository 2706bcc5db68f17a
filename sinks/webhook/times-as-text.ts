import type { AvroJson } from "../../schemas/index.ts";

/**
 * A decoded value with its times as RFC 3339 text, however deep they lie, for receivers that know nothing of our schemas. Of a union the branch that
 * is not null counts.
 */
export function timesAsText(schema: AvroJson, value: unknown): unknown {
  if (value === null || value === undefined || typeof schema === "string") return value;
  if (isUnion(schema)) {
    const branch = schema.find((each) => each !== "null");
    return branch === undefined ? value : timesAsText(branch, value);
  }
  if ("logicalType" in schema && schema.logicalType === "timestamp-millis") {
    return typeof value === "number" || value instanceof Date ? new Date(value).toISOString() : value;
  }
  if ("fields" in schema) {
    const record = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(schema.fields.map(({ name, type }) => [name, timesAsText(type, record[name])]));
  }
  if ("items" in schema) return (value as readonly unknown[]).map((each) => timesAsText(schema.items, each));
  if ("values" in schema) {
    return Object.fromEntries(
      Object.entries(value as object).map(([name, each]) => [name, timesAsText(schema.values, each)]),
    );
  }
  return value;
}

function isUnion(schema: AvroJson): schema is readonly AvroJson[] {
  return Array.isArray(schema);
}
