import { describe, expect, test } from "vitest";
import { addressOf, resolveLink } from "../../../console/docs/addresses.ts";
import { readPage, textOf, titleOf } from "../../../console/docs/read-page.ts";
import type { DocElement, DocNode } from "../../../console/docs/shapes.ts";

const known = new Set(["README.md", "DESIGN.md", "docs/alerts.md", "docs/adr/0001-x.md", "examples/orders/README.md"]);
const read = (source: string, from = "docs/alerts.md") =>
  readPage(from, source, (href) => resolveLink(from, href, (file) => known.has(file)));
const elements = (nodes: readonly DocNode[]): DocElement[] =>
  nodes.flatMap((node) => (typeof node === "string" ? [] : [node, ...elements(node.children)]));
const links = (source: string, from?: string) =>
  elements(read(source, from).body)
    .filter(({ tag }) => tag === "a")
    .map(({ href }) => href);

describe("a page of documentation", () => {
  test("has a title, and headings with the anchors of GitHub", () => {
    const page = read("# Alerts\n\n## Rules by API\n\n### `GET /alerts`\n\n## Rules by API\n\ntext");
    expect([page.address, page.title]).toEqual(["alerts", "Alerts"]);
    expect(page.headings).toEqual([
      { id: "rules-by-api", text: "Rules by API", depth: 2 },
      { id: "get-alerts", text: "GET /alerts", depth: 3 },
      { id: "rules-by-api-1", text: "Rules by API", depth: 2 },
    ]);
    expect(elements(page.body).filter(({ tag }) => tag === "h3")[0]?.id).toBe("get-alerts");
  });

  test("keeps lists, tables, code and what is set off", () => {
    const [list, table, code, quote] = read(
      "1. one\n2. two **bold**\n\n| a | b |\n|---|--:|\n| `x\\|y` | 2 |\n\n```sh\nnpm start # <b>\n```\n\n> said",
    ).body as DocElement[];
    expect(list?.tag).toBe("ol");
    expect(elements(list?.children ?? []).map(({ tag }) => tag)).toEqual(["li", "li", "strong"]);
    expect(table?.children.map((part) => (part as DocElement).tag)).toEqual(["thead", "tbody"]);
    const cells = elements([table as DocElement]).filter(({ tag }) => tag === "td");
    expect(cells.map(({ children, align }) => [textOf(children), align])).toEqual([
      ["x|y", undefined],
      ["2", "right"],
    ]);
    expect(code).toEqual({ tag: "pre", language: "sh", children: ["npm start # <b>"] });
    expect(quote?.tag).toBe("blockquote");
  });

  test("a table without words in its head has none", () => {
    const [table] = read("| | |\n|---|---|\n| a | b |").body as DocElement[];
    expect(table?.children.map((part) => (part as DocElement).tag)).toEqual(["tbody"]);
  });

  test("HTML is text, whatever stands in it", () => {
    const hostile = [
      "<script>alert(1)</script>",
      "before <img src=x onerror=alert(1)> behind",
      '<a href="javascript:alert(1)">x</a>',
      "<!-- a comment -->",
    ];
    const { body } = read(hostile.join("\n\n"));
    expect(new Set(elements(body).map(({ tag }) => tag))).toEqual(new Set(["p"]));
    const words = body.map((node) => textOf([node]).trim());
    expect(words).toEqual(hostile);
  });

  test("a link by a scheme that runs something is text", () => {
    const { body } = read("[x](javascript:alert(1)) [y](data:text/html,1) [z](vbscript:x) [w](//foreign.example/)");
    expect(elements(body).map(({ tag }) => tag)).toEqual(["p"]);
    expect(textOf(body)).toBe("x y z w");
  });

  test("links lead to pages and anchors within the console, and to the web", () => {
    const source =
      "[a](#keys) [b](adr/0001-x.md) [c](../README.md#more) [d](../examples/orders) [e](https://cel.dev) [f](../stream/flow.ts) [g](../DESIGN.md)";
    expect(links(source)).toEqual([
      "#keys",
      "/docs/adr/0001-x",
      "/docs#more",
      "/docs/examples/orders",
      "https://cel.dev",
      "/docs/design",
    ]);
    expect(links("[a](alerts.md#keys)")).toEqual(["#keys"]);
    expect(links("[a](docs/alerts.md) [b](DESIGN.md)", "README.md")).toEqual(["/docs/alerts", "/docs/design"]);
  });

  test("a picture of the documentation is shown, and one from elsewhere is its words", () => {
    const { body } = read("![ours](images/a.png) ![theirs](https://foreign.example/b.png) ![none](../secret.png)");
    const shown = elements(body).filter(({ tag }) => tag === "img");
    expect(shown).toEqual([{ tag: "img", children: ["ours"], href: "/api/docs/pictures/a.png" }]);
    expect(textOf(body)).toBe("ours theirs none");
  });

  test("files have addresses without a dot", () => {
    expect(
      ["README.md", "CHANGELOG.md", "docs/alerts.md", "docs/guides/analyst.md", "examples/orders/README.md"].map(
        addressOf,
      ),
    ).toEqual(["", "changelog", "alerts", "guides/analyst", "examples/orders"]);
  });

  test("a title is read without the rest", () => {
    expect(titleOf("docs/x.md", "text\n\n# The `x` page\n")).toBe("The x page");
    expect(titleOf("docs/x.md", "none")).toBe("docs/x.md");
  });
});
