import { type ReadyLine, readReadyLine } from "../local/data-dir.ts";
import { localOptions } from "../local/options.ts";
import { type OptionSource, PipelineError, readOptions } from "../runtime/index.ts";
import { localStreamVariables } from "./local-stream.ts";

/** The addresses and the key of the local stack that runs from `--data-dir`; undefined when none is ready there. */
export function runningStack(source: OptionSource): ReadyLine | undefined {
  return readReadyLine(readOptions(localOptions, source).dataDir);
}

/**
 * Where to post, and with which key: as given, else the running local stack's. The stack's key goes to the stack only, never
 * to an address that was given without a key.
 * @throws PipelineError option_invalid when neither is there
 */
export function doorOf(
  given: { readonly url?: string | undefined; readonly apiKey?: string | undefined },
  stack: ReadyLine | undefined,
): { readonly url: string; readonly apiKey: string } {
  const url = given.url ?? stack?.ingest;
  const own = stack !== undefined && url !== undefined && isSameDoor(url, stack.ingest);
  const apiKey = given.apiKey ?? (own ? stack.apiKey : undefined);
  if (url === undefined) {
    throw new PipelineError("option_invalid", {
      message: "No stack runs from this --data-dir: start one with hailstream up, or say where to post with --url.",
    });
  }
  if (apiKey === undefined) throw new PipelineError("option_invalid", { message: `--api-key is needed for ${url}.` });
  return { url, apiKey };
}

/** 127.0.0.1 and localhost are the same machine. */
function isSameDoor(a: string, b: string): boolean {
  const of = (text: string) => {
    const url = new URL(text);
    const host = url.hostname === "localhost" ? "127.0.0.1" : url.hostname;
    return `${url.protocol}//${host}:${url.port}`;
  };
  return of(a) === of(b);
}

/** The addresses of a local stack, and how its processors differ, as variables. */
export function variablesOf(stack: NonNullable<ReturnType<typeof runningStack>>): Readonly<Record<string, string>> {
  return {
    ...localStreamVariables,
    HAILSTREAM_KAFKA_BROKERS: stack.kafka,
    HAILSTREAM_REGISTRY_URL: stack.registry,
    HAILSTREAM_POSTGRES_URL: stack.postgres,
  };
}
