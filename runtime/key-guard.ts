import { timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler } from "express";
import ipaddr from "ipaddr.js";
import { type ErrorCode, PipelineError } from "./errors.ts";

/**
 * Lets requests with the key pass, as a bearer token or as Basic's password. Where no key is set, those from this machine, under a name of this machine and from no
 * web page: a page that a browser shows here must not manage anything, whatever its name resolves to.
 * @param code of the error that others get
 */
export function guardApi(key: string | undefined, code: ErrorCode): RequestHandler {
  return (request, _response, next) => {
    if (key === undefined ? isLocal(request) : hasKey(request, key)) next();
    else next(new PipelineError(code));
  };
}

function hasKey(request: Request, key: string): boolean {
  const [scheme, given = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer") return isSame(given, key);
  if (scheme?.toLowerCase() !== "basic") return false;
  const pair = Buffer.from(given, "base64").toString("utf8");
  return isSame(pair.slice(pair.indexOf(":") + 1), key);
}

function isSame(given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(key)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function isLocal(request: Request): boolean {
  const address = request.socket.remoteAddress;
  if (address === undefined || !isLoopback(address)) return false;
  if (!isLocalName(`http://${request.headers.host ?? ""}`)) return false;
  const { origin } = request.headers;
  return origin === undefined || isLocalName(origin);
}

function isLocalName(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || isLoopback(host);
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";
}
