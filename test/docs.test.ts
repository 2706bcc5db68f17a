import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { optionSets } from "../commands/option-sets.ts";
import { errorTable, flagOf, variableOf } from "../runtime/index.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
// Not the changelog, which may tell of what is gone.
const pages = ["README.md", "DESIGN.md", "CONTRIBUTING.md"].concat(
  readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
);
const textOf = (page: string) => readFileSync(join(root, page), "utf8");
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

  test("leads to pages that are there", () => {
    const links = found(page, /\]\((?!https?:|#)([^)#\s]+)/g);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});
