import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { areNetworks, createOrigin } from "../../../ingest/identity/origin.ts";

const from = (remoteAddress: string, headers: Readonly<Record<string, string>> = {}) =>
  ({ socket: { remoteAddress }, headers, connection: { remoteAddress } }) as unknown as IncomingMessage;
const proxies = ["10.0.0.0/8", "2001:db8:ffff::/48"];
const byList = createOrigin({ trustedProxies: proxies, header: "x-forwarded-for" });
const byForwarded = createOrigin({ trustedProxies: proxies, header: "forwarded" });

test.each([
  ["no proxy", "203.0.113.7", "", "203.0.113.7"],
  ["a proxy", "10.0.0.1", "203.0.113.7", "203.0.113.7"],
  ["two proxies", "10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"],
  ["what the client made up before the proxy's word", "10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"],
  ["a client that plays the proxy", "203.0.113.7", "198.51.100.1", "203.0.113.7"],
  ["a proxy that says nothing", "10.0.0.1", "", "10.0.0.1"],
  ["an IPv4 address in IPv6", "::ffff:203.0.113.7", "", "203.0.113.7"],
  ["the network of an IPv6 address", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"],
  ["an IPv6 proxy", "2001:db8:ffff::1", "2001:db8:1:2::9", "2001:db8:1:2::/64"],
])("X-Forwarded-For: %s", (_name, nearest, header, address) => {
  expect(byList.addressOf(from(nearest, header === "" ? {} : { "x-forwarded-for": header }))).toBe(address);
});

test.each([
  ["a proxy", "10.0.0.1", "for=203.0.113.7;proto=https", "203.0.113.7"],
  ["two proxies", "10.0.0.1", 'for=203.0.113.7, for="10.0.0.2:4711"', "203.0.113.7"],
  ["IPv6 with a port", "10.0.0.1", 'For="[2001:db8:1:2::17]:4711"', "2001:db8:1:2::/64"],
  ["a made-up hop", "10.0.0.1", "for=198.51.100.1, for=203.0.113.7", "203.0.113.7"],
  ["a hidden name", "10.0.0.1", "for=_secret", "10.0.0.1"],
  ["no such header", "10.0.0.1", 'for="', "10.0.0.1"],
  ["a client that plays the proxy", "203.0.113.7", "for=198.51.100.1", "203.0.113.7"],
])("Forwarded: %s", (_name, nearest, header, address) => {
  const headers = { forwarded: header, "x-forwarded-for": "192.0.2.99" };
  expect(byForwarded.addressOf(from(nearest, headers))).toBe(address);
});

test("without proxies no header counts", () => {
  const origin = createOrigin({ trustedProxies: [], header: "x-forwarded-for" });
  const request = from("203.0.113.7", { "x-forwarded-for": "198.51.100.1", "x-forwarded-proto": "https" });
  expect(origin.addressOf(request)).toBe("203.0.113.7");
  expect(origin.isSecure(request)).toBe(false);
});

test("words that are no networks are recognised", () => {
  expect(areNetworks(["loopback", "10.0.0.0/8", "::1", "2001:db8::/32"])).toBe(true);
  expect(areNetworks(["10.0.0.0/33"])).toBe(false);
  expect(areNetworks(["proxy.example"])).toBe(false);
});
