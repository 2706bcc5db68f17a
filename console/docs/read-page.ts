import GithubSlugger from "github-slugger";
import { type MarkedToken, marked, type Token, type Tokens } from "marked";
import { addressOf, resolvePicture } from "./addresses.ts";
import type { DocElement, DocHeading, DocNode, DocPage } from "./shapes.ts";

/** Tells where a link leads; undefined: it stays text. */
export type ResolveLink = (href: string) => string | undefined;

/**
 * A page of documentation as elements: headings with the anchors that GitHub gives them, links that lead within the console, and text. HTML in a source
 * is text; nothing that this gives is ever markup.
 */
export function readPage(file: string, source: string, resolve: ResolveLink): DocPage {
  const slugs = new GithubSlugger();
  const found: DocHeading[] = [];
  const body = nodesOf(marked.lexer(source), {
    ...{ file, resolve },
    anchor(text, depth) {
      const id = slugs.slug(text);
      found.push({ id, text, depth });
      return id;
    },
  });
  const title = found.find(({ depth }) => depth === 1)?.text ?? file;
  return { address: addressOf(file), file, title, headings: found.filter(({ depth }) => depth > 1), body };
}

/** The first heading of a page, without reading the rest. */
export function titleOf(file: string, source: string): string {
  return /^# (.+)$/m.exec(source)?.[1]?.replaceAll("`", "").trim() ?? file;
}

type Reading = { readonly file: string; readonly resolve: ResolveLink; anchor(text: string, depth: number): string };

const nodesOf = (tokens: readonly Token[] | undefined, reading: Reading): readonly DocNode[] =>
  // An extension could add types of its own; there is none.
  ((tokens ?? []) as readonly MarkedToken[]).flatMap((token) => nodeOf(token, reading));

const element = (tag: DocElement["tag"], children: readonly DocNode[], rest: Partial<DocElement> = {}): DocElement => ({
  ...{ tag, children, ...rest },
});

function nodeOf(token: MarkedToken, reading: Reading): DocNode | readonly DocNode[] {
  const within = (of: { readonly tokens?: readonly Token[] }) => nodesOf(of.tokens, reading);
  switch (token.type) {
    case "heading": {
      const children = within(token);
      return element(`h${token.depth}` as DocElement["tag"], children, {
        id: reading.anchor(textOf(children), token.depth),
      });
    }
    case "paragraph":
      return element("p", within(token));
    case "text":
      return token.tokens === undefined ? token.text : within(token);
    case "code": {
      const language = token.lang?.split(" ")[0] ?? "";
      return element("pre", [token.text], language === "" ? {} : { language });
    }
    case "list":
      return listOf(token, within);
    case "list_item":
      return element("li", within(token));
    case "table":
      return tableOf(token, within);
    case "link": {
      const href = reading.resolve(token.href);
      return href === undefined ? within(token) : element("a", within(token), { href });
    }
    case "image": {
      const href = resolvePicture(reading.file, token.href);
      return href === undefined ? token.text : element("img", [token.text], { href });
    }
    case "codespan":
      return element("code", [token.text]);
    case "html":
      return token.block === true ? element("p", [token.text]) : token.text;
    case "escape":
      return token.text;
    case "strong":
    case "em":
    case "del":
    case "blockquote":
      return element(token.type, within(token));
    case "br":
    case "hr":
      return element(token.type, []);
    case "checkbox":
      return token.checked ? "☑ " : "☐ ";
    case "space":
    case "def":
      return [];
  }
}

type Within = (of: { readonly tokens?: readonly Token[] }) => readonly DocNode[];

function listOf(list: Tokens.List, within: Within): DocElement {
  const items = list.items.map((item) => element("li", within(item)));
  if (!list.ordered) return element("ul", items);
  return element("ol", items, list.start === "" || list.start === 1 ? {} : { start: list.start });
}

function tableOf(table: Tokens.Table, within: Within): DocElement {
  const row = (cells: readonly Tokens.TableCell[], tag: "th" | "td") =>
    element(
      "tr",
      cells.map((cell) => element(tag, within(cell), cell.align === null ? {} : { align: cell.align })),
    );
  const head = element("thead", [row(table.header, "th")]);
  return element("table", [
    // GitHub's tables must have a head; ours leave it empty where the columns speak for themselves.
    ...(table.header.every(({ text }) => text === "") ? [] : [head]),
    element(
      "tbody",
      table.rows.map((cells) => row(cells, "td")),
    ),
  ]);
}

/** What a reader sees of nodes. */
export function textOf(nodes: readonly DocNode[]): string {
  return nodes.map((node) => (typeof node === "string" ? node : textOf(node.children))).join("");
}
