import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { allocatorVariables, nodeFlags } from "../../runtime/index.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const assignments = Object.entries(allocatorVariables)
  .map(([name, value]) => `${name}=${value}`)
  .join(" ");

test("the first line of hailstream.mjs and the image launch as the local stack does", () => {
  expect(read("hailstream.mjs").split("\n")[0]).toBe(`#!/usr/bin/env -S ${assignments} node ${nodeFlags.join(" ")}`);
  expect(read("Dockerfile")).toContain(`ENV NODE_ENV=production ${assignments}\n`);
  expect(read("Dockerfile")).toContain(
    `ENTRYPOINT ${JSON.stringify(["node", ...nodeFlags, "hailstream.mjs"]).replaceAll(",", ", ")}`,
  );
});
