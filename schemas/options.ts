import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

export const schemaOptions = defineOptions("registry", {
  url: {
    schema: z.url({ protocol: /^https?$/ }),
    default: "http://127.0.0.1:8081/apis/ccompat/v7",
    description: "Base address of the schema registry's Confluent API, with its path.",
  },
  username: { schema: z.string(), description: "User name for the registry (basic authentication)." },
  password: { schema: z.string(), secret: true, description: "Password for the registry." },
  cacheDir: {
    schema: z.string().min(1),
    default: ".hailstream/schemas",
    description: "Folder where schema ids are remembered, so that a start works while the registry is down.",
  },
  timeoutMs: {
    schema: z.coerce.number().int().min(100),
    default: "5000",
    unit: "ms",
    description: "Longest time for one answer of the registry.",
  },
});

export type SchemaOptions = ValuesOf<typeof schemaOptions>;

export const catalogueOptions = defineOptions("schemas", {
  dir: {
    schema: z
      .string()
      .min(1)
      .transform((text) => text.split(",")),
    description:
      "Folders with further schema files, with commas between: events/, reference/ and derived/ in each, as in schemas/. Every process of a pipeline needs the same.",
  },
});
