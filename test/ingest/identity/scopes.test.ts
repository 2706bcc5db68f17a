import { expect, test } from "vitest";
import { permit, scope } from "../../../ingest/identity/scopes.ts";

test.each([
  [["*"], "trip.requested", true],
  [["driver.location", "trip.*"], "trip.requested", true],
  [["driver.location", "trip.*"], "driver.location", true],
  [["driver.location", "trip.*"], "driver.status", false],
  [["trip.*"], "trip", false],
  [["trip.*"], "tripadvisor.seen", false],
  [["trip.requested"], "trip.requested.again", false],
  [[], "trip.requested", false],
])("%j holds %s: %s", (given, type, expected) => {
  expect(permit(given)(type)).toBe(expected);
});

test.each([["trip.**"], ["*.requested"], ["trip*"], [""], ["Trip.*"], [".*"], ["trip."], ["trip..*"]])(
  "%j is no scope",
  (text) => {
    expect(scope.safeParse(text).success).toBe(false);
  },
);
