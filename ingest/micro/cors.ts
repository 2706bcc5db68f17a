import type { IncomingMessage, ServerResponse } from "node:http";

/** Lets pages of other origins post and ask. */
export type Cors = {
  /** Adds what the page's browser wants to see; true when it only asked whether it may, and has its answer. */
  take(request: IncomingMessage, response: ServerResponse): boolean;
};

/** @param origins as --micro-cors-origins has them: `localhost`, `*`, or origins */
export function createCors(origins: readonly string[]): Cors {
  return {
    take(request, response) {
      const { origin } = request.headers;
      if (origin === undefined || !isAllowed(origin, origins)) return false;
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("vary", "origin");
      response.setHeader("access-control-expose-headers", "hailstream-results, retry-after, date");
      if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return false;
      const wanted = request.headers["access-control-request-headers"];
      response.setHeader("access-control-allow-methods", "GET, POST");
      if (wanted !== undefined) response.setHeader("access-control-allow-headers", wanted);
      response.setHeader("access-control-max-age", "600");
      response.writeHead(204).end();
      return true;
    },
  };
}

function isAllowed(origin: string, origins: readonly string[]): boolean {
  return origins.some(
    (allowed) => allowed === "*" || allowed === origin || (allowed === "localhost" && isLocal(origin)),
  );
}

/** Also `capacitor://localhost`, from where the pages of apps come. */
function isLocal(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname) || hostname.endsWith(".localhost");
}
