import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");

test("the comparison's figures are those of the page of performance", () => {
  const measured =
    page("comparison.md")
      .split("\n## ")
      .find((part) => part.startsWith("Measured")) ?? "";
  const figures = measured.match(/\d+,\d{3}/g) ?? [];
  const known = page("performance.md");
  expect(figures.length).toBeGreaterThan(15);
  expect(figures.filter((figure) => !known.includes(figure))).toEqual([]);
});

test("what is said of another system has its source", () => {
  const checked = page("comparison.md").split("## What we could not check")[0] ?? "";
  const rows = checked.match(/^(?:- |\| )\**(?:Snowplow|RudderStack|PostHog|Segment)\**[^\n]*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => !row.includes("](https://"))).toEqual([]);
});
