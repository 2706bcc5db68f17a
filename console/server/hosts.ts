import type { Request, RequestHandler } from "express";
import { PipelineError } from "../../runtime/index.ts";

const ownNames = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Lets requests pass that a browser of ours can have made: for a name of this machine or one of `hosts`, whatever the port, and, when they change something,
 * from a page of the very same address. A foreign name that was pointed here (DNS rebinding) and a foreign page get console_request_foreign.
 */
export function guardOrigin(hosts: readonly string[]): RequestHandler {
  const known = new Set([...ownNames, ...hosts.map((host) => host.toLowerCase())]);
  return (request, _response, next) => {
    const { host = "", origin } = request.headers;
    const name = nameOf(host);
    const isOurs = name !== undefined && known.has(name);
    const isOwnPage = origin === undefined || hostOf(origin) === host.toLowerCase();
    // Browsers tell it of every request, also where they send no Origin.
    const site = request.headers["sec-fetch-site"];
    const isSameSite = site === undefined || site === "same-origin" || site === "none" || isNavigation(request);
    next(isOurs && isOwnPage && isSameSite ? undefined : new PipelineError("console_request_foreign"));
  };
}

/** Whether the request came for a name of this machine, where nobody listens in between and HTTPS is not needed. */
export function isLocalHost(request: Request): boolean {
  const name = nameOf(request.headers.host ?? "");
  return name !== undefined && ownNames.includes(name);
}

/** A link on another page may lead here. */
const isNavigation = (request: Request) => request.method === "GET" && request.headers["sec-fetch-mode"] === "navigate";

function nameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.toLowerCase() : undefined;
}

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined);
