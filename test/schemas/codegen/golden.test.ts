import { join } from "node:path";
import { expect, test } from "vitest";
import { generateCode, loadCatalogue, schemaFolder } from "../../../schemas/index.ts";

const catalogue = loadCatalogue(schemaFolder, [join(import.meta.dirname, "fixture")]);

test.each(["ts", "swift", "kotlin"])("a schema with every kind of field as %s is what it was", async (language) => {
  for (const [name, text] of generateCode(catalogue, language, ["every.kind"]).files) {
    // A suffix of its own keeps formatters and compilers away.
    await expect(text).toMatchFileSnapshot(join("golden", `${name}.txt`));
  }
});

test.each(["ts", "swift", "kotlin"])("the same schemas give the same bytes as %s", (language) => {
  const again = loadCatalogue(schemaFolder, [join(import.meta.dirname, "fixture")]);
  const types = ["trip.rated", "every.kind", "driver.*"];
  const first = generateCode(catalogue, language, types).files;
  expect(generateCode(again, language, types.toReversed()).files).toEqual(first);
});
