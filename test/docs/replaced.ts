import { type Block, blocksOf, textOf } from "./markdown.ts";

/** Where a test runs the blocks of pages: in `checkout`, and what a reader starts there on the ten free ports that begin with `ports`. */
export type Place = { readonly checkout: string; readonly ports: number };

/**
 * What a page says, and what is run instead: a port that may be taken here, a minute that nobody waits for, an address or an id of the reader's own, and
 * Ctrl-C. Everything else is run as it stands there.
 */
const replacedOn = ({ checkout, ports }: Place): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  "docs/guides/analyst.md": { "--duration-seconds 20": "--duration-seconds 5" },
  "docs/guides/on-call.md": { 9400: `${ports + 1}` },
  "docs/guides/operator.md": { 8180: `${ports}`, 8185: `${ports + 5}`, 8186: `${ports + 6}`, 8187: `${ports + 7}` },
  "docs/lake.md": {
    "--lake-dir lake": "--lake-dir lake --lake-metrics-port 0",
    "--lake-max-age-ms 10000": "--lake-max-age-ms 500",
    "'lake/": `'${checkout}/lake/`,
  },
  "docs/simulate.md": {
    "npx hailstream simulate  ": "timeout --preserve-status -s INT 5 hailstream simulate  ",
    "--duration-seconds 60": "--duration-seconds 3",
  },
  "docs/webhooks.md": {
    "https://example.com/": `http://127.0.0.1:${ports + 2}/`,
    "https://hooks.slack.com/services/…": `http://127.0.0.1:${ports + 2}/slack`,
    "ep_…": '"$ENDPOINT_ID"',
  },
  "examples/webhook-receiver/README.md": { 9999: `${ports + 2}` },
});

/** The blocks of a page, as they are run. @throws Error for a replacement of what no block says */
export function runnableBlocks(page: string, place: Place): readonly Block[] {
  const blocks = blocksOf(textOf(page));
  const replaced = Object.entries(replacedOn(place)[page] ?? {});
  for (const [said] of replaced) {
    if (!blocks.some(({ code }) => code.includes(said))) throw new Error(`no block of ${page} says ${said}`);
  }
  return blocks.map((block) => ({
    ...block,
    code: replaced.reduce((code, [said, run]) => code.replaceAll(said, run), block.code),
  }));
}
