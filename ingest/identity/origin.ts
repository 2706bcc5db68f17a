import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import parseForwarded from "forwarded-parse";
import ipaddr from "ipaddr.js";
import proxyAddr from "proxy-addr";
import type { Sender } from "./sender.ts";

/** Where a request comes from, as far as it can be believed: headers that say so count only from proxies that are trusted. */
export type Origin = {
  /** The address of the client, an IPv6 network of 64 bits being one: a single subscriber has all of its addresses. */
  addressOf(request: IncomingMessage): string;
  /** Whether the client speaks TLS, to us or to a trusted proxy. */
  isSecure(request: IncomingMessage): boolean;
};

export type OriginParts = {
  /** Addresses and networks (CIDR) of the proxies before us; `loopback`, `linklocal` and `uniquelocal` are known names. */
  readonly trustedProxies: readonly string[];
  /** The one header that the proxies write. The other is anybody's word, and never read. */
  readonly header: "x-forwarded-for" | "forwarded";
};

/** @throws TypeError for a word that is no address, network or known name */
export function createOrigin({ trustedProxies, header }: OriginParts): Origin {
  const isTrusted = proxyAddr.compile([...trustedProxies]);
  const hasProxies = trustedProxies.length > 0;

  /** The chain of hops, the nearest last, as the header has it; undefined when it is no such header. */
  function hopsOf(request: IncomingMessage): readonly { readonly for?: string; readonly proto?: string }[] | undefined {
    const text = request.headers.forwarded;
    if (text === undefined) return [];
    try {
      return parseForwarded(text);
    } catch {
      return undefined;
    }
  }

  /** Walks back from the nearest hop for as long as who tells is trusted. */
  function clientOf(request: IncomingMessage): string {
    const nearest = request.socket.remoteAddress ?? "";
    if (!hasProxies) return nearest;
    if (header === "x-forwarded-for") return proxyAddr(request, isTrusted);
    let address = nearest;
    const hops = hopsOf(request) ?? [];
    for (let i = 0; i < hops.length && isTrusted(address, i); i++) {
      const told = withoutPort(hops[hops.length - 1 - i]?.for ?? "");
      // "unknown" and hidden names: the last address that is known must do.
      if (!ipaddr.isValid(told)) break;
      address = told;
    }
    return address;
  }

  return {
    addressOf: (request) => networkOf(clientOf(request)),
    isSecure(request) {
      if ((request.socket as Partial<TLSSocket>).encrypted === true) return true;
      if (!hasProxies || !isTrusted(request.socket.remoteAddress ?? "", 0)) return false;
      const told =
        header === "forwarded"
          ? hopsOf(request)?.at(-1)?.proto
          : String(request.headers["x-forwarded-proto"] ?? "")
              .split(",")
              .at(-1)
              ?.trim();
      return told?.toLowerCase() === "https";
    },
  };
}

/** Whether all words are addresses, networks or known names. */
export function areNetworks(words: readonly string[]): boolean {
  try {
    proxyAddr.compile([...words]);
    return true;
  } catch {
    return false;
  }
}

/** A sender without a token is counted under the address that it comes from. */
export function withAddress(sender: Sender, request: IncomingMessage, origin: Origin | undefined): Sender {
  if (origin === undefined || sender.device !== undefined) return sender;
  return { ...sender, device: origin.addressOf(request) };
}

/** `203.0.113.7`, or `2001:db8:1:2::/64`. What cannot be read as an address stays what it is, cut to a sane length. */
function networkOf(address: string): string {
  // Most are IPv4 and plain, and need no parsing.
  if (!address.includes(":")) return address.slice(0, 64);
  if (!ipaddr.isValid(address)) return address.slice(0, 64);
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  const parts = (parsed as ipaddr.IPv6).parts.slice(0, 4);
  return `${parts.map((part) => part.toString(16)).join(":")}::/64`;
}

/** RFC 7239, 6: `192.0.2.43:47011`, `[2001:db8::17]:4711`. */
function withoutPort(node: string): string {
  if (node.startsWith("[")) return node.slice(1, Math.max(1, node.indexOf("]")));
  const colon = node.indexOf(":");
  return colon >= 0 && colon === node.lastIndexOf(":") ? node.slice(0, colon) : node;
}
