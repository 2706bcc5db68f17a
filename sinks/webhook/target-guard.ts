import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { PipelineError } from "../../runtime/errors.ts";

/** What webhooks may be sent to. */
export type TargetPolicy = {
  /** Whether plain http, and port 80, are allowed. */
  readonly development: boolean;
  /** Ports that a public address may be asked on. */
  readonly ports: readonly number[];
  /** Networks (CIDR) that are allowed although they are not public, on any port. */
  readonly allowTargets: readonly string[];
};

const maxUrlLength = 2_000;

/**
 * The only IPv6 block of public addresses (RFC 4291, IANA). It leaves out what carries an IPv4 address in its last bits (::/96, mapped,
 * NAT64), for a gateway on the way would connect to that one.
 */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/** Public by number, yet answered by the machine's host: Azure's metadata and DNS service. */
const hostServices = new Set(["168.63.129.16"]);

/**
 * Checks what a URL itself says: scheme, no user name, and, for a literal address in any of its spellings, address and port.
 * A name is checked when it is looked up, at every attempt.
 * @throws PipelineError webhook_url_invalid | webhook_scheme_refused | webhook_userinfo_refused | webhook_address_refused | webhook_port_refused
 */
export function checkUrl(text: string, policy: TargetPolicy): URL {
  // URL.parse mends spaces, line ends and backslashes in silence; whoever writes them means something else than we would connect to.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (text.length > maxUrlLength || /[\s\\\u0000-\u001f\u007f]/.test(text)) refuse("webhook_url_invalid", text);
  const url = URL.parse(text) ?? refuse("webhook_url_invalid", text);
  const schemes = policy.development ? ["https:", "http:"] : ["https:"];
  if (!schemes.includes(url.protocol)) refuse("webhook_scheme_refused", url.protocol);
  if (url.username !== "" || url.password !== "" || /^[a-z]+:\/*[^/?#]*@/i.test(text)) {
    refuse("webhook_userinfo_refused", url.hostname);
  }
  const host = bareHost(url.hostname);
  if (isIP(host) !== 0) checkAddress(host, portOf(url), policy);
  return url;
}

/**
 * Checks one address that is about to be connected to, or is connected to.
 * @throws PipelineError webhook_address_refused | webhook_port_refused
 */
export function checkAddress(address: string, port: number, policy: TargetPolicy): void {
  const parsed = parse(address) ?? refuse("webhook_address_refused", address, "unreadable");
  if (policy.allowTargets.some((network) => contains(network, parsed))) return;
  const range = rangeOf(parsed);
  if (range !== "unicast") refuse("webhook_address_refused", address, range);
  const ports = policy.development ? [...policy.ports, 80] : policy.ports;
  if (!ports.includes(port)) refuse("webhook_port_refused", String(port));
}

/** Whether `network` is an address with a prefix length, as {@link TargetPolicy.allowTargets} takes them. */
export function isNetwork(network: string): boolean {
  return ipaddr.isValidCIDR(network);
}

/** The port that a URL leads to. */
export function portOf(url: { readonly port: string; readonly protocol: string }): number {
  return url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port);
}

/** An IPv6 address without the brackets it has in a URL; any other host as it is. */
export function bareHost(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** IPv4 addresses that are mapped into IPv6 are taken as what they are connected as: IPv4. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (isIP(address) === 0) return undefined;
  try {
    return ipaddr.process(address);
  } catch {
    return undefined;
  }
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const range = address.range();
  if (range !== "unicast") return range;
  if (address instanceof ipaddr.IPv6) return address.match(globalUnicast) ? range : "not global unicast";
  return hostServices.has(address.toString()) ? "host service" : range;
}

function contains(network: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [base, bits] = ipaddr.parseCIDR(network);
  return base.kind() === address.kind() && address.match(base, bits);
}

type Refusal =
  | "webhook_url_invalid"
  | "webhook_scheme_refused"
  | "webhook_userinfo_refused"
  | "webhook_address_refused"
  | "webhook_port_refused";

function refuse(code: Refusal, got: string, range?: string): never {
  throw new PipelineError(code, { fields: { got: got.slice(0, 100), ...(range === undefined ? {} : { range }) } });
}
