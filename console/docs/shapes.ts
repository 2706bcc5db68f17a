/** What the server tells the page about the documentation. An address is what stands behind /docs/, `""` for the README. */

export type DocTag =
  | ("h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "blockquote" | "ul" | "ol" | "li" | "hr" | "pre")
  | ("table" | "thead" | "tbody" | "tr" | "th" | "td")
  | ("a" | "code" | "em" | "strong" | "del" | "br" | "img");

/** One of the elements that a page of documentation is made of, and no others: what is markup in a source is text here. */
export type DocElement = {
  readonly tag: DocTag;
  readonly children: readonly DocNode[];
  /** The anchor of a heading. */
  readonly id?: string;
  /** Where a link leads: an anchor of this page, a path of the console, or an address on the web. Of a picture, where it is; its words are its child. */
  readonly href?: string;
  /** What language a block of code is in. */
  readonly language?: string;
  /** The number that an ordered list begins with, where it is not 1. */
  readonly start?: number;
  readonly align?: "left" | "center" | "right";
};
export type DocNode = string | DocElement;

export type DocHeading = { readonly id: string; readonly text: string; readonly depth: number };

export type DocPage = {
  readonly address: string;
  /** The file, as the repository names it. */
  readonly file: string;
  readonly title: string;
  /** Without the title. */
  readonly headings: readonly DocHeading[];
  readonly body: readonly DocNode[];
};

export type DocLine = { readonly address: string; readonly title: string };
export type DocGroup = { readonly name: string; readonly pages: readonly DocLine[] };

/** A section in which all the words are that were looked for. */
export type DocHit = {
  readonly address: string;
  readonly title: string;
  /** Its anchor and name; `""` for the beginning of a page. */
  readonly id: string;
  readonly heading: string;
  readonly excerpt: string;
};
