import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { pictures } from "../../docs/pictures/table.ts";

const root = resolve(import.meta.dirname, "../..");
const textOf = (file: string) => readFileSync(join(root, file), "utf8");
const files = pictures.map(({ name }) => `${name}.png`);

test("each page of the console has a picture in its documentation, with words for who does not see it", () => {
  const pages = [...textOf("console/page/pages.ts").matchAll(/\{ path: "([^"]+)", name:/g)].map((match) => match[1]);
  expect(pages.length).toBeGreaterThan(5);
  expect(new Set(pictures.map(({ page }) => page))).toEqual(new Set(pages));
  for (const { page, address } of pictures) expect(address.startsWith(page)).toBe(true);
  const shown = [...textOf("docs/console.md").matchAll(/!\[([^\]]*)\]\(images\/([\w-]+\.png)\)/g)];
  expect(shown.filter(([, words = ""]) => words.length < 20)).toEqual([]);
  expect(shown.map((match) => match[2]).sort()).toEqual([...files].sort());
});

test("the pictures are there, all of them are of the table, and none is large", () => {
  const there = readdirSync(join(root, "docs/images"));
  expect(there.sort()).toEqual([...files].sort());
  const large = there.filter((file) => statSync(join(root, "docs/images", file)).size > 200_000);
  expect(large).toEqual([]);
});
