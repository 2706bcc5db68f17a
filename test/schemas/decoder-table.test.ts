import { expect, test } from "vitest";
import { createMetrics, PipelineError } from "../../runtime/index.ts";
import { createDecoderTable } from "../../schemas/decoder-table.ts";
import { loadCatalogue } from "../../schemas/index.ts";

const schema = JSON.stringify(loadCatalogue().types.get("driver.location")?.schema);

/** A registry that answers, or does not, when it is told. */
function tableWith(fetchSchema: (id: number) => Promise<string | undefined>) {
  let time = 0;
  let asked = 0;
  const kept = new Map<number, string>();
  const table = createDecoderTable({
    catalogue: loadCatalogue(),
    registry: {
      register: async () => 1,
      fetchSchema(id) {
        asked++;
        return fetchSchema(id);
      },
    },
    cache: {
      schemas: () => kept,
      putSchema: (id, text) => void kept.set(id, text),
      idOf: () => undefined,
      putId: () => undefined,
      clear: () => undefined,
    },
    lookups: createMetrics().counter("lookups", "Lookups.", ["outcome"]),
    now: () => time,
  });
  return {
    table,
    asked: () => asked,
    pass(ms: number) {
      time += ms;
    },
  };
}

test("a silent registry is asked once a second, whatever ids are asked for, and again when it answers", async () => {
  let isThere = false;
  const { table, asked, pass } = tableWith(async () => {
    if (isThere) return schema;
    throw new PipelineError("schema_registry_unreachable");
  });
  await expect(table.fetch(1)).rejects.toMatchObject({ code: "schema_registry_unreachable", retryable: true });
  const others = await Promise.allSettled(Array.from({ length: 100 }, (_, id) => table.fetch(id)));
  expect(others.every(({ status }) => status === "rejected")).toBe(true);
  expect(asked()).toBe(1);
  pass(999);
  await expect(table.fetch(1)).rejects.toMatchObject({ code: "schema_registry_unreachable" });
  expect(asked()).toBe(1);
  isThere = true;
  pass(1);
  expect(await table.fetch(1)).toMatchObject({ schemaId: 1 });
  expect(await table.fetch(2)).toMatchObject({ schemaId: 2 });
});

test("a request that names many ids asks for a few at a time", async () => {
  let now = 0;
  let most = 0;
  const { table, asked } = tableWith(async () => {
    now++;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
    return undefined;
  });
  const found = await Promise.all(Array.from({ length: 100 }, (_, id) => table.fetch(id)));
  expect(found.every((one) => "ok" in one && !one.ok)).toBe(true);
  expect(asked()).toBe(100);
  expect(most).toBe(8);
});
