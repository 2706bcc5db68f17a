import type { Request, Response } from "express";
import { expect, test } from "vitest";
import { guardApi } from "../../runtime/key-guard.ts";

function passes(key: string | undefined, remoteAddress: string, headers: Readonly<Record<string, string>>): boolean {
  let error: unknown;
  const request = { socket: { remoteAddress }, headers } as unknown as Request;
  guardApi(key, "connector_key_refused")(request, {} as Response, (given?: unknown) => {
    error = given;
  });
  return error === undefined;
}
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

test("without a key only this machine is answered, under its own name and to no foreign web page", () => {
  expect(passes(undefined, "127.0.0.1", { host: "127.0.0.1:8086" })).toBe(true);
  expect(passes(undefined, "::1", { host: "[::1]:8086" })).toBe(true);
  expect(passes(undefined, "::ffff:127.0.0.1", { host: "localhost" })).toBe(true);
  expect(passes(undefined, "127.0.0.1", { host: "localhost", origin: "http://localhost:3000" })).toBe(true);
  expect(passes(undefined, "10.0.0.7", { host: "127.0.0.1:8086" })).toBe(false);
  // A name that an attacker's server resolves to this machine.
  expect(passes(undefined, "127.0.0.1", { host: "evil.example:8086" })).toBe(false);
  expect(passes(undefined, "127.0.0.1", { host: "127.0.0.1:8086", origin: "https://evil.example" })).toBe(false);
  expect(passes(undefined, "127.0.0.1", { host: "127.0.0.1:8086", origin: "null" })).toBe(false);
  expect(passes(undefined, "127.0.0.1", {})).toBe(false);
});

test("with a key everybody needs it, as a bearer token or as a password", () => {
  const key = "0123456789abcdef";
  expect(passes(key, "10.0.0.7", { host: "sinks", authorization: `Bearer ${key}` })).toBe(true);
  expect(passes(key, "10.0.0.7", { host: "sinks", ...basic(`admin:${key}`) })).toBe(true);
  expect(passes(key, "127.0.0.1", { host: "localhost" })).toBe(false);
  expect(passes(key, "127.0.0.1", { host: "localhost", authorization: "Bearer 0123456789abcdeF" })).toBe(false);
  expect(passes(key, "127.0.0.1", { host: "localhost", ...basic(key.slice(1)) })).toBe(false);
});
