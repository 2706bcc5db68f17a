import { textOf } from "./read-page.ts";
import type { DocHit, DocNode, DocPage, DocTag } from "./shapes.ts";

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
    if (typeof node === "object" && /^h[23]$/.test(node.tag)) {
      sections.push({ at: { address, title, id: node.id ?? "", heading: textOf([node]) }, texts: [] });
    } else if (typeof node === "string" || node.tag !== "h1") sections.at(-1)?.texts.push(spaced([node]));
  }
  return sections.map(({ at, texts }) => ({ ...at, text: texts.join(" ").replace(/\s+/g, " ") }));
}

const apart: readonly DocTag[] = ["p", "li", "td", "th", "pre", "h4", "h5", "h6", "br"];

/** The text of nodes, what stands on a line or in a cell of its own apart from the rest. */
function spaced(nodes: readonly DocNode[]): string {
  const texts = nodes.map((node) => {
    if (typeof node === "string") return node;
    return apart.includes(node.tag) ? ` ${spaced(node.children)} ` : spaced(node.children);
  });
  return texts.join("");
}

const around = 90;

/**
 * The sections in which all the words are, large or small: first those that are named by most of them, then those of pages that are.
 * @param most how many at most
 */
export function findSections(sections: readonly SectionText[], wanted: string, most: number): readonly DocHit[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const within = (text: string) => words.filter((word) => text.toLowerCase().includes(word)).length;
  return sections
    .filter(({ title, heading, text }) => within(`${title} ${heading} ${text}`) === words.length)
    .map((section) => ({ section, named: 2 * within(section.heading) + within(section.title) }))
    .sort((a, b) => b.named - a.named)
    .slice(0, most)
    .map(({ section: { text, ...at } }) => ({ ...at, excerpt: excerptOf(text, words) }));
}

function excerptOf(text: string, words: readonly string[]): string {
  const found = words.map((word) => text.toLowerCase().indexOf(word)).filter((place) => place >= 0);
  const first = found.length === 0 ? 0 : Math.min(...found);
  // From one space to another.
  const from = first <= around ? 0 : text.lastIndexOf(" ", first - around) + 1;
  const end = text.length - from <= 3 * around ? text.length : text.lastIndexOf(" ", from + 3 * around);
  return `${from > 0 ? "… " : ""}${text.slice(from, end).trim()}${end < text.length ? " …" : ""}`;
}
