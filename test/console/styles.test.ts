import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const folder = resolve(import.meta.dirname, "../../console/page");

/** The classes that a sheet styles by themselves, outside of any page's own. */
function classesOf(sheet: string): string[] {
  const lines = readFileSync(join(folder, sheet), "utf8").split("\n");
  return lines.flatMap((line) => /^(\.[\w-]+)(?: \{|,)$/.exec(line)?.[1] ?? []);
}

test("no class means one thing on one page and something else on another: all sheets are loaded together", () => {
  const sheets = globSync("**/*.css", { cwd: folder });
  expect(sheets.length).toBeGreaterThan(5);
  const places = Map.groupBy(
    sheets.flatMap((sheet) => [...new Set(classesOf(sheet))].map((name) => ({ sheet, name }))),
    ({ name }) => name,
  );
  const several = [...places]
    .filter(([, of]) => of.length > 1)
    .map(([name, of]) => [name, ...of.map((at) => at.sheet)]);
  expect(several).toEqual([]);
});
