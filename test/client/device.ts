import { type Client, type ClientOptions, createClient, memoryStorage, type Network } from "../../client/index.ts";
import { chance, ModelIngest, SimulatedClock, settled } from "./world.ts";

/** What the tests of one client track. */
export type Events = Readonly<Record<string, object>>;

/** A client on a device where all is well, with a clock moved by hand and the model of ingest; `options` make it worse. */
export function makeDevice(options: Partial<ClientOptions> = {}) {
  const random = chance(1);
  const clock = new SimulatedClock();
  const ingest = new ModelIngest(random, clock);
  const files = new Map<string, string>();
  const requests: Parameters<Network>[0][] = [];
  const problems: string[] = [];
  const network: Network = async (request) => {
    requests.push(request);
    return ingest.take(request);
  };
  const start = (more: Partial<ClientOptions> = {}): Client<Events> =>
    createClient<Events>({
      url: "http://ingest",
      key: "key",
      source: "/apps/test",
      storage: memoryStorage(files),
      classes: { ping: "bulk", sos: "critical" },
      network,
      clock,
      random,
      onProblem: (problem) => problems.push(problem),
      ...options,
      ...more,
    });
  return { clock, ingest, files, requests, problems, start, settled };
}

/** An answer with one status for all events. */
export function answerAll(status: string, http = 207, headers: Readonly<Record<string, string>> = {}): Network {
  return async ({ body }) => {
    const events = JSON.parse(body) as { id: string }[];
    const results = events.map(({ id }, index) => ({ index, id, status, retry_after_ms: 2_000 }));
    return { status: http, body: JSON.stringify({ results }), header: (name) => headers[name] ?? null };
  };
}
