import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { optionSets } from "../commands/option-sets.ts";
import { errorTable, flagOf, variableOf } from "../runtime/index.ts";
import { anchorsOf, pages, proseOf, root, textOf } from "./docs/markdown.ts";

const found = (page: string, pattern: RegExp) => [
  ...new Set([...textOf(page).matchAll(pattern)].map((m) => m[1] ?? "")),
];

const sets = optionSets.filter(({ flagPrefix }) => flagPrefix !== "");
const flags = new Set(sets.flatMap((set) => Object.keys(set.specs).map((key) => flagOf(set, key))));
const variables = new Set(optionSets.flatMap((set) => Object.keys(set.specs).map((key) => variableOf(set, key))));
const prefixes = new RegExp(
  `(?<![\\w-])(--(?:${sets.map(({ flagPrefix }) => flagPrefix).join("|")})-[a-z0-9-]*[a-z])`,
  "g",
);
const metrics = textOf("docs/metrics.md");

describe.each(pages)("%s", (page) => {
  test("names only options that exist", () => {
    expect(found(page, prefixes).filter((flag) => !flags.has(flag))).toEqual([]);
    const stations = optionSets.map(({ station }) => station.replaceAll("-", "_").toUpperCase()).join("|");
    const named = found(page, new RegExp(`\\b(HAILSTREAM_(?:${stations})_[A-Z_]*[A-Z])\\b`, "g"));
    expect(named.filter((name) => !variables.has(name))).toEqual([]);
  });

  test("names only error codes that exist", () => {
    const named = found(page, /`((?:event|request|spool)_[a-z_]+)`/g);
    const others = ["event_id", "event_type"];
    expect(named.filter((code) => !Object.hasOwn(errorTable, code) && !others.includes(code))).toEqual([]);
  });

  test("names only metrics of ingest that exist", () => {
    const named = found(page, /\b(hailstream_ingest_[a-z_]*[a-z])\b/g);
    expect(named.filter((name) => !metrics.includes(`\`${name}\``))).toEqual([]);
  });

  test("names only files that exist", () => {
    const named = found(page, /`((?:[a-z-]+\/)+[a-z0-9-]+\.(?:test\.)?ts)(?::\w+)?`/g);
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test("leads to pages that are there, and to headings that they have", () => {
    const links = [...proseOf(textOf(page)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const dead = links.filter(([, path = "", anchor]) => {
      const target = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(textOf(target)).has(anchor);
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});
