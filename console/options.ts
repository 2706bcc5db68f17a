import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

const key = z
  .string()
  .min(24)
  .regex(/^[\x21-\x7e]+$/, "printable characters without spaces");

const list = (text: string) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** `ingest=http://…,sinks=http://…` as names and base addresses without a slash at the end. */
const stations = z.string().transform((text, context) =>
  list(text).map((part) => {
    const [name = "", url = ""] = [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)];
    if (!/^[a-z][a-z0-9-]{0,40}$/.test(name) || !URL.canParse(url) || !/^https?:/.test(url)) {
      context.addIssue({ code: "custom", message: `"${part}" is not NAME=http://HOST:PORT` });
      return z.NEVER;
    }
    return { name, url: url.replace(/\/+$/, "") };
  }),
);

export const consoleOptions = defineOptions("console", {
  host: {
    schema: z.string().min(1),
    default: "127.0.0.1",
    description: "The address where the console listens.",
  },
  port: {
    schema: z.coerce.number().int().min(0).max(65_535),
    default: "8090",
    description: "The port where the console listens; 0 takes a free one.",
  },
  key: {
    schema: key,
    secret: true,
    description:
      "Who signs in with it has the role operate. At least 24 characters; hailstream up makes one at its first start.",
  },
  viewKey: {
    schema: key.optional(),
    secret: true,
    description:
      "Who signs in with it has the role view, for those who shall look and never act. Without one nobody has that role.",
  },
  hosts: {
    schema: z.string().transform(list),
    default: "",
    description:
      "Names under which browsers reach the console, separated by commas, beside those of this machine: console.example.com. A request for another name is refused, so that no foreign page can point its own name here.",
  },
  stations: {
    schema: stations,
    default:
      "ingest=http://127.0.0.1:8080,stream=http://127.0.0.1:8085,stream-stateful=http://127.0.0.1:8087,sinks=http://127.0.0.1:8086,audit=http://127.0.0.1:8088",
    description: "Where each station answers /ready and /metrics: NAME=URL, separated by commas.",
  },
});

export type ConsoleOptions = ValuesOf<typeof consoleOptions>;
