import { expect, inject, test } from "vitest";

test("the test stack answers on all its addresses", async () => {
  const subjects = await fetch(`${inject("registry")}/subjects`);
  expect(subjects.status).toBe(200);
  expect(inject("kafka")).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(inject("postgres")).toMatch(/^postgres:\/\/hailstream:/);
});
