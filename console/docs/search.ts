import { textOf } from "./read-page.ts";
import type { DocHit, DocPage } from "./shapes.ts";

export type Section = {
  readonly address: string;
  readonly title: string;
  readonly id: string;
  readonly heading: string;
};
export type SectionText = Section & { readonly text: string };

/** A page cut at its headings of the second and third order, each with the text below it. */
export function sectionsOf({ address, title, body }: DocPage): readonly SectionText[] {
  const sections: { at: Section; texts: string[] }[] = [{ at: { address, title, id: "", heading: "" }, texts: [] }];
  for (const node of body) {
    const text = textOf([node]);
    if (typeof node === "object" && /^h[23]$/.test(node.tag)) {
      sections.push({ at: { address, title, id: node.id ?? "", heading: text }, texts: [] });
    } else if (typeof node === "string" || node.tag !== "h1") sections.at(-1)?.texts.push(text);
  }
  return sections.map(({ at, texts }) => ({ ...at, text: texts.join(" ").replace(/\s+/g, " ") }));
}

const around = 90;

/**
 * The sections in which all the words are, large or small: first those that are named so, then those of pages that are.
 * @param most how many at most
 */
export function findSections(sections: readonly SectionText[], wanted: string, most: number): readonly DocHit[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hasAll = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const rank = ({ heading, title }: Section) => (hasAll(heading) ? 0 : hasAll(title) ? 1 : 2);
  return sections
    .filter(({ title, heading, text }) => hasAll(`${title} ${heading} ${text}`))
    .map((section, place) => ({ section, place, rank: rank(section) }))
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .slice(0, most)
    .map(({ section: { text, ...at } }) => ({ ...at, excerpt: excerptOf(text, words) }));
}

function excerptOf(text: string, words: readonly string[]): string {
  const found = words.map((word) => text.toLowerCase().indexOf(word)).filter((place) => place >= 0);
  const from = Math.max(0, Math.min(...(found.length === 0 ? [0] : found)) - around);
  const cut = text.slice(from, from + 3 * around);
  return `${from > 0 ? "…" : ""}${cut.trim()}${from + cut.length < text.length ? "…" : ""}`;
}
