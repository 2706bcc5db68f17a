import fc from "fast-check";
import { maxLong } from "../../schemas/checker.ts";
import type { FieldShape, Shape } from "../../schemas/shape.ts";

const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.replaceAll("\0", " ").toWellFormed());

/** Any valid value of a shape, with fields that have a default left out now and then. */
export function anyValueOf(shape: Shape, limits: Partial<FieldShape> = {}): fc.Arbitrary<unknown> {
  const { minimum, maximum } = limits;
  switch (shape.kind) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "string":
      return text;
    case "bytes":
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    case "fixed":
      return fc.uint8Array({ minLength: shape.size, maxLength: shape.size }).map((bytes) => Buffer.from(bytes));
    case "int":
      return fc.integer({ min: minimum ?? -(2 ** 31), max: maximum ?? 2 ** 31 - 1 });
    case "long":
      if (shape.timestamp) return fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
      return fc.integer({ min: minimum ?? -maxLong, max: maximum ?? maxLong });
    case "float":
      return fc.float({ noNaN: true, noDefaultInfinity: true });
    case "double":
      return fc.double({ min: minimum ?? -1e300, max: maximum ?? 1e300, noNaN: true });
    case "enum":
      return fc.constantFrom(...shape.symbols);
    case "union":
      return fc.oneof(...shape.branches.map((branch) => anyValueOf(branch, limits)));
    case "array":
      return fc.array(anyValueOf(shape.items), { maxLength: 5 });
    case "map":
      return fc.dictionary(
        fc.string({ minLength: 1, maxLength: 8 }).map((key) => `k${key.replaceAll("\0", "")}`),
        anyValueOf(shape.values),
        {
          maxKeys: 5,
          noNullPrototype: true,
        },
      );
    case "record": {
      const model = Object.fromEntries(shape.fields.map((field) => [field.name, anyValueOf(field.shape, field)]));
      const requiredKeys = shape.fields.filter((field) => field.default === undefined).map((field) => field.name);
      return fc.record(model, { requiredKeys, noNullPrototype: true });
    }
  }
}
