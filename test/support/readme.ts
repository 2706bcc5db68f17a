import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The README of a checkout: its text, and its shell commands in order, block by block. */
export function readReadme(root: string) {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  /** The first block that holds these words. */
  const blockWith = (words: string) => blocks.find((block) => block.includes(words)) ?? "";
  return { text, blocks, blockWith };
}
