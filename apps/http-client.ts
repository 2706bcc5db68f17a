import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { readRetryAfterMs } from "./retry.ts";

/** What the door said. */
export type HttpAnswer = {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly body: string;
};

/** Posts batches of events over kept-alive connections. */
export type HttpClient = {
  /** Resolves with any answer; rejects when there was none: no connection, a broken one, a time-out, or the signal. */
  post(batch: string, signal?: AbortSignal): Promise<HttpAnswer>;
  /** Closes the connections, idle or not. */
  close(): void;
};

/**
 * node:http with an agent of its own: measured against `fetch` it takes half the processor time a request.
 * @param p.url the door's base address; the events go to `<url>/v1/events`
 * @param p.timeoutMs from the request to the end of the answer
 */
export function createHttpClient(p: {
  readonly url: string;
  readonly apiKey: string;
  readonly connections: number;
  readonly timeoutMs: number;
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
}): HttpClient {
  const address = new URL(`${p.url.replace(/\/+$/, "")}/v1/events`);
  const secure = address.protocol === "https:";
  const send = secure ? httpsRequest : httpRequest;
  const options = { keepAlive: true, maxSockets: p.connections, scheduling: "fifo" } as const;
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);

  return {
    post: (batch, signal) =>
      new Promise<HttpAnswer>((resolve, reject) => {
        const bytes = Buffer.from(batch);
        const timeout = AbortSignal.timeout(p.timeoutMs);
        const request = send(address, {
          method: "POST",
          agent,
          signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
          headers: {
            "content-type": "application/cloudevents-batch+json",
            "content-length": bytes.length,
            authorization: `Bearer ${p.apiKey}`,
            ...p.headers,
          },
        });
        request.on("error", reject);
        request.on("response", (response) => readAnswer(response).then(resolve, reject));
        request.end(bytes);
      }),
    close: () => agent.destroy(),
  };
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    retryAfterMs: readRetryAfterMs(response.headers["retry-after"], Date.now()),
    body: Buffer.concat(chunks).toString(),
  };
}
