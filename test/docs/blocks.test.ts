import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { callsOf, refusalOf } from "../commands/calls.ts";
import { copied, coverage, guides, parsed } from "./coverage.ts";
import { anchorsOf, blocksOf, pages, proseOf, root, textOf } from "./markdown.ts";

const languagesOf = (page: string) => new Set(blocksOf(textOf(page)).map(({ language }) => language));
const withBlocks = pages.filter((page) => copied.some((language) => languagesOf(page).has(language)));

test("every page with blocks to copy is known, and no other", () => {
  expect(Object.keys(coverage).sort()).toEqual([...withBlocks].sort());
});

describe.each(Object.entries(coverage))("%s", (page, languages) => {
  test("has a test for each kind of blocks, or a reason why not", () => {
    const present = [...languagesOf(page)].filter((language) => copied.includes(language));
    expect(present.sort()).toEqual(Object.keys(languages).sort());
    for (const by of Object.values(languages)) {
      // These two take their blocks from the table itself.
      if (typeof by !== "string" || by === parsed || by === guides) continue;
      expect(existsSync(join(root, by)), by).toBe(true);
      // Some read the page by a helper, so its name is all there is to find.
      const name = basename(page, ".md").replace("README", page.split("/").at(-2) ?? "README");
      expect(readFileSync(join(root, by), "utf8").includes(name), `${by} names ${name}`).toBe(true);
    }
  });

  test("has JSON that is JSON", () => {
    for (const { language, code } of blocksOf(textOf(page))) if (language === "json") JSON.parse(code);
  });
});

describe("the commands", () => {
  /** In fenced blocks, and line by line in those that are indented: there they stand beside what they print. */
  const scriptsOf = (page: string) => [
    ...blocksOf(textOf(page)).flatMap(({ language, code, line }) =>
      ["sh", ""].includes(language) && /^(npx )?hailstream |npx hailstream /m.test(code) ? [{ code, line }] : [],
    ),
    ...[...proseOf(textOf(page)).matchAll(/^ {4,}((?:npx )?hailstream .*)$/gm)].map(([, code = ""]) => ({ code })),
  ];

  test.each(pages)("of the blocks of %s are taken by the command line", (page) => {
    const scripts = scriptsOf(page);
    const calls = callsOf(scripts.map(({ code }) => code));
    expect(new Set(calls.map(({ script }) => script)).size).toBe(scripts.length);
    for (const { script, words } of calls) {
      // "And so on" is no word.
      const said = words.filter((word) => word !== "…");
      expect(refusalOf(said), scripts[script]?.code).toBe("");
    }
  });

  /** Told as what is refused. */
  const slips = ["statsu", "status --jsn"];

  // In a sentence arguments may be missing, and what stands for something else.
  const named = (text: string) =>
    [...text.matchAll(/`(?:npx )?hailstream ([a-z][^`]*)`/g)]
      .map(([, words = ""]) => words.split(" ").filter((word) => /^[\w./:=,*-]+$/.test(word)))
      .map((words) => words.filter((word) => !/^[A-Z]+$/.test(word)));

  test.each(pages)("in the sentences of %s exist", (page) => {
    const unknown = named(proseOf(textOf(page))).filter((words) => /unknown (command|option)/.test(refusalOf(words)));
    expect(unknown.map((words) => words.join(" ")).filter((words) => !slips.includes(words))).toEqual([]);
  });
});

describe("the rules of alerts", () => {
  const files = readdirSync(join(root, "alerts"));
  const guide = textOf("docs/guides/on-call.md");

  test("are all in the guide for people on call", () => {
    const headings = [...anchorsOf(guide)];
    expect(files.map((file) => basename(file, ".yaml")).filter((rule) => !headings.includes(rule))).toEqual([]);
  });

  test.each(files)("%s tells a command that there is", (file) => {
    const [, command = ""] = /what_to_do: hailstream (.*)/.exec(readFileSync(join(root, "alerts", file), "utf8")) ?? [];
    if (command !== "") expect(refusalOf(command.replaceAll(/\{\{.*?\}\}/g, "x").split(" "))).toBe("");
  });
});
