import { beforeAll, describe, expect, test } from "vitest";
import { addressOf, resolveLink } from "../../../console/docs/addresses.ts";
import { docFiles, readDoc } from "../../../console/docs/files.ts";
import { groupPages } from "../../../console/docs/groups.ts";
import { readPage, textOf } from "../../../console/docs/read-page.ts";
import type { DocNode, DocPage } from "../../../console/docs/shapes.ts";

const pages = new Map<string, DocPage>();
const sources = new Map<string, string>();

beforeAll(async () => {
  const files = await docFiles();
  for (const file of files) {
    const source = await readDoc(file);
    sources.set(addressOf(file), source);
    const resolve = (href: string) => resolveLink(file, href, (other) => files.includes(other));
    pages.set(addressOf(file), readPage(file, source, resolve));
  }
  expect(pages.size).toBe(files.length);
});

const linksOf = (nodes: readonly DocNode[]): string[] =>
  nodes.flatMap((node) =>
    typeof node === "string"
      ? []
      : [...(node.tag === "a" && node.href !== undefined ? [node.href] : []), ...linksOf(node.children)],
  );

describe("the documentation that the console shows", () => {
  test("has every page under an address that is no file's", () => {
    expect([...pages.keys()]).toEqual(expect.arrayContaining(["", "alerts", "design", "examples/orders", "errors"]));
    expect([...pages.keys()].filter((address) => address.includes("."))).toEqual([]);
  });

  test("has no dead link and no dead anchor", () => {
    const dead = [...pages.values()].flatMap(({ file, address, body }) =>
      linksOf(body).flatMap((href) => {
        if (/^(https?|mailto):/.test(href)) return [];
        const [path = "", anchor] = href.split("#");
        const to = pages.get(path === "" ? address : path.replace(/^\/docs\/?/, ""));
        const isThere = to !== undefined && (anchor === undefined || to.headings.some(({ id }) => id === anchor));
        return isThere ? [] : [`${file}: ${href}`];
      }),
    );
    expect(dead).toEqual([]);
  });

  test("leaves out no words", () => {
    const words = (text: string) => text.match(/[\p{L}\p{N}_]+/gu) ?? [];
    for (const [address, page] of pages) {
      const shown = textOf(page.body);
      // Addresses of links, names of languages and numbers of lists are no words of the text.
      const source = (sources.get(address) ?? "").replace(/\]\([^)]*\)/g, "]").replace(/^\s*```.*$|^\s*\d+\. /gm, "");
      expect(words(source).filter((word) => !shown.includes(word))).toEqual([]);
    }
  });

  test("has every page in one group, and no two headings under one anchor, nor under one of the console's own", () => {
    const lines = [...pages.values()].map(({ address, title }) => ({ address, title }));
    const grouped = groupPages(lines).flatMap((group) => group.pages.map(({ address }) => address));
    expect([...grouped].sort()).toEqual([...pages.keys()].sort());
    for (const { headings } of pages.values()) {
      const ids = headings.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => ["main", "page", "doc"].includes(id))).toEqual([]);
    }
  });
});
