import { z } from "zod";
import { messageOf, PipelineError } from "../../runtime/errors.ts";
import { defineOptions, type ValuesOf } from "../../runtime/options.ts";

export const connectorsOptions = defineOptions(
  "connectors",
  {
    url: {
      schema: z.string().regex(/^https?:\/\/\S+$/, "expected http://host:port"),
      description: "The base address of a process of the sinks; without it, the running local stack's.",
    },
    apiKey: {
      schema: z.string().min(1),
      secret: true,
      description: "The key of the connectors' API (--sinks-api-key), where one is set.",
    },
  },
  { flagPrefix: "" },
);

export type ConnectorsClientParts = ValuesOf<typeof connectorsOptions> & { readonly url: string };

/** What the connectors' API has answered: its own words, with its status. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type ConnectorsClient = {
  /**
   * Sends a request and gives the JSON of the answer.
   * @throws ApiRefusal when it is refused, PipelineError connector_api_unreachable
   */
  ask(method: string, path: readonly string[], body?: unknown): Promise<unknown>;
};

const timeoutMs = 60_000;
const refusalShape = z.object({ message: z.string() });

/** Speaks Kafka Connect's REST API with a process of the sinks, or with Kafka Connect itself. */
export function createConnectorsClient({ url, apiKey }: ConnectorsClientParts): ConnectorsClient {
  return {
    async ask(method, path, body) {
      const [text, status] = await send(method, `${url}/${path.map(encodeURIComponent).join("/")}`, body);
      const json: unknown = readJson(text, status);
      if (status < 400) return json;
      throw new ApiRefusal(status, refusalShape.safeParse(json).data?.message ?? `the answer has the status ${status}`);
    },
  };

  async function send(method: string, target: string, body: unknown): Promise<readonly [string, number]> {
    try {
      const response = await fetch(target, {
        method,
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return [await response.text(), response.status];
    } catch (cause) {
      throw new PipelineError("connector_api_unreachable", { cause, fields: { url } });
    }
  }
}

function readJson(text: string, status: number): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiRefusal(status, `the answer is no JSON: ${messageOf(error)}`);
  }
}
