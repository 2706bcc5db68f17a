import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dataSchemaOf } from "../../../ingest/openapi/data-schema.ts";
import { createCodec, createScratch } from "../../../schemas/codec.ts";
import { exampleOf, loadCatalogue } from "../../../schemas/index.ts";
import { parseShape } from "../../../schemas/shape.ts";
import { anyValueOf } from "../../schemas/arbitraries.ts";

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const { types } = loadCatalogue();

/** Values that are wrong in most places, and right in some. */
const strange = fc.constantFrom<unknown>(null, 7, -1.5, 1e300, 2 ** 40, "", "x", "2026-11-22T21:11:41Z", true, [], {}, [
  "a",
]);

test.each([...types.values()].map((type) => [type.name, type] as const))(
  "the JSON schema of %s takes what the door takes and nothing else",
  (_name, type) => {
    const codec = createCodec(type.schema, createScratch());
    const validate = ajv.compile(dataSchemaOf(type.schema));
    const agrees = (data: unknown) => {
      const byDoor = codec.check(data).length === 0;
      expect({ valid: validate(data), data }).toEqual({ valid: byDoor, data });
      return byDoor;
    };
    expect(agrees(exampleOf(type))).toBe(true);
    const names = [...type.fields.map(({ name }) => name), "undeclared"];
    const change = fc.record({ name: fc.constantFrom(...names), value: fc.option(strange, { nil: undefined }) });
    fc.assert(
      fc.property(anyValueOf(parseShape(type.schema)), fc.array(change, { maxLength: 2 }), (valid, changes) => {
        const data = { ...(valid as Record<string, unknown>) };
        for (const { name, value } of changes) {
          if (value === undefined) delete data[name];
          else data[name] = value;
        }
        agrees(data);
      }),
    );
    expect(agrees(7)).toBe(false);
  },
);
