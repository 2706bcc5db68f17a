import { describe, expect, test } from "vitest";
import { readPage } from "../../../console/docs/read-page.ts";
import { findSections, sectionsOf } from "../../../console/docs/search.ts";

const pageOf = (file: string, source: string) => sectionsOf(readPage(file, source, () => undefined));
const sections = [
  ...pageOf(
    "docs/a.md",
    "# Storage\n\nHow rows lie.\n\n## Retention\n\nDays are dropped.\n\n### Of `Kafka`\n\nSeven days.",
  ),
  ...pageOf(
    "docs/b.md",
    "# Replay\n\nWhat the retention of Kafka took is gone.\n\n```sh\nhailstream replay-topic --from 24h\n```",
  ),
];
const found = (words: string) => findSections(sections, words, 10).map(({ address, id }) => `${address}#${id}`);

describe("the search through the documentation", () => {
  test("finds sections that have all the words, those first that are named so", () => {
    expect(found("RETENTION")).toEqual(["a#retention", "b#"]);
    expect(found("kafka days")).toEqual(["a#of-kafka"]);
    expect(found("storage")).toEqual(["a#", "a#retention", "a#of-kafka"]);
    expect(found("replay-topic")).toEqual(["b#"]);
    expect([found("nothing of it"), found("  ")]).toEqual([[], []]);
  });

  test("keeps cells and items apart in what it shows", () => {
    const table = pageOf("docs/d.md", "# Promises\n\n| a | b |\n|---|---|\n| one | two |\n\n- first\n- `second`s");
    expect(findSections(table, "two", 5)[0]?.excerpt).toBe("a b one two first seconds");
  });

  test("shows the words in their place, and no more than was asked for", () => {
    const long = pageOf("docs/c.md", `# Long\n\n${"before ".repeat(60)}needle ${"behind ".repeat(60)}`);
    const [hit] = findSections(long, "needle", 5);
    expect(hit?.excerpt).toMatch(/^… before .*before needle behind.* behind …$/);
    expect(hit?.excerpt.length).toBeLessThan(280);
    expect(findSections([...long, ...long], "needle", 1)).toHaveLength(1);
  });
});
