import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..", "..");

const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));

/** Every page for readers, by its path from the root. Not the changelog, which may tell of what is gone. */
export const pages: readonly string[] = [
  "README.md",
  "DESIGN.md",
  "CONTRIBUTING.md",
  ...below("docs").sort(),
  ...below("examples").sort(),
];

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** A fenced block. `language` is empty for one that says none. */
export type Block = { readonly language: string; readonly code: string; readonly line: number };

/** The fenced blocks of a page, in order; one that stands in a list without the list's indentation. */
export function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const [, indent = "", language = "", code = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    return { language, code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""), line };
  });
}

/** A page without its fenced blocks. */
export const proseOf = (text: string): string => text.replace(/^( *)```\w*\n[\s\S]*?^\1```$/gm, "");

/** What a link may name behind its `#`: each heading as GitHub makes it an anchor. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(text).matchAll(/^#+ +(.*?) *$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const plain = words.replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "").replaceAll(" ", "-");
    let anchor = plain;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${plain}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}
