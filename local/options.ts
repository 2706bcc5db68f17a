import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

/** Where the local stack lives. The flags carry no station name, since they belong to every command that meets the stack. */
export const localOptions = defineOptions(
  "local",
  {
    dataDir: {
      schema: z.string().min(1),
      default: ".hailstream",
      description: "The directory that holds all data of the local stack.",
    },
    portBase: {
      schema: z.coerce.number().int().min(1024).max(65_000),
      description: "Every port becomes this number plus a fixed offset, so that several stacks run side by side.",
    },
  },
  { flagPrefix: "" },
);

/** Where Kafka and the registry are kept once fetched, shared by all checkouts. */
export const cacheOptions = defineOptions("cache", {
  dir: {
    schema: z.string().min(1),
    description:
      "The directory of the fetched Kafka and registry; without it, hailstream in the user's cache directory.",
  },
});

export type LocalOptions = ValuesOf<typeof localOptions>;
