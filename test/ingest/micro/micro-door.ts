import { createMicro, microDoorOptions, microOptions, readDoorOptions } from "../../../ingest/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { type Catalogue, loadCatalogue } from "../../../schemas/index.ts";
import type { AnswerBody } from "../door.ts";

/** A micro in this process, on a free port. `flags` are options without their dashes. */
export async function openMicro(
  flags: Readonly<Record<string, string>> = {},
  catalogue: Catalogue = loadCatalogue(),
  env: Readonly<Record<string, string>> = {},
) {
  const source = { flags: { "micro-port": "0", ...flags }, env };
  const options = readOptions(microOptions, source);
  const told: string[] = [];
  const micro = createMicro({
    options,
    door: readDoorOptions(options, source),
    catalogue,
    metrics: createMetrics(),
    log: silentLogger,
    onBad: (sentence) => told.push(sentence),
  });
  await micro.start(() => undefined);
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${micro.url}${path}`, init);
    return { status: response.status, headers: response.headers, body: (await response.json()) as MicroBody };
  };
  return {
    url: micro.url,
    /** The sentences about bad events. */
    told,
    ask,
    reset: () => ask("/micro/reset", { method: "POST" }),
    async post(body: unknown, headers: Readonly<Record<string, string>> = {}, path = "/v1/events") {
      const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
      const type = { "content-type": "application/cloudevents+json" };
      const response = await fetch(`${micro.url}${path}`, {
        method: "POST",
        headers: { ...type, ...headers },
        body: text as string,
      });
      return { status: response.status, text: await response.text() };
    },
    close: () => micro.stop(),
  };
}

export type MicroDoor = Awaited<ReturnType<typeof openMicro>>;

/** Of the answers to /micro/…; what is asserted of the events is each test's own. */
export type MicroBody = Readonly<Record<string, unknown>> & {
  readonly events: readonly Readonly<Record<string, unknown>>[];
};

export const statusesOf = (text: string) => (JSON.parse(text) as AnswerBody).results.map(({ status }) => status);

/** All flags that micro takes of the door. */
export const doorFlags = Object.keys(microDoorOptions.specs);
