import { expect, test } from "vitest";
import { addressWith, choicesOf, ownSearch } from "../../console/page/choices.ts";

const kept =
  (values: Readonly<Record<string, string>> = {}) =>
  (name: string) =>
    values[name] ?? null;

test("the address decides; what it does not say was kept by the browser, and what nobody said is absent", () => {
  expect(choicesOf("", kept())).toEqual({});
  expect(choicesOf("?zone=local", kept({ zone: "utc", theme: "dark" }))).toEqual({ zone: "local", theme: "dark" });
  expect(choicesOf("?zone=mars&theme=", kept({ zone: "local", theme: "auto" }))).toEqual({ zone: "local" });
});

test("a view's own query has no part in it, and comes out as it went in", () => {
  for (const address of [
    "/",
    "/live?type=trip.*&text=100%25+x",
    "/topics/a%2Fb?partition=2",
    "/docs/errors#event_too_large",
  ]) {
    const shared = new URL(addressWith(address, { zone: "utc", theme: "dark" }), "http://console.test");
    expect(choicesOf(shared.search, kept())).toEqual({ zone: "utc", theme: "dark" });
    const own = new URL(address, "http://console.test");
    expect([shared.pathname, shared.hash]).toEqual([own.pathname, own.hash]);
    expect(new URLSearchParams(ownSearch(shared.search))).toEqual(own.searchParams);
    expect(addressWith(address, {})).toBe(address);
  }
  expect(ownSearch("?text=100%25+x")).toBe("?text=100%25+x");
});
