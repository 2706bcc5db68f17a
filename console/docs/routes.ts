import { Router } from "express";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { checked } from "../server/checked.ts";
import { addressOf, resolveLink } from "./addresses.ts";
import { docFiles, pictureFile, readDoc } from "./files.ts";
import { groupPages } from "./groups.ts";
import { readPage, titleOf } from "./read-page.ts";
import { findSections, type SectionText, sectionsOf } from "./search.ts";
import type { DocGroup, DocPage } from "./shapes.ts";

const pageQuery = z.strictObject({ at: z.string().max(200).default("") });
const findQuery = z.strictObject({ words: z.string().max(200) });
const mostHits = 40;

/** The documentation of this very version. */
export function docRoutes(): Router {
  const router = Router();
  let sections: Promise<readonly SectionText[]> | undefined;

  router.get("/", async (_request, response) => void response.json({ groups: await readGroups() }));

  router.get("/page", async (request, response) => {
    const { at } = checked(pageQuery, request.query);
    const files = await docFiles();
    const file = files.find((each) => addressOf(each) === at);
    if (file === undefined) throw new PipelineError("console_path_unknown");
    response.json(await readOne(file, new Set(files)));
  });

  router.get("/pictures/:name", async (request, response) => {
    const file = await pictureFile(request.params.name);
    if (file === undefined) throw new PipelineError("console_path_unknown");
    response.sendFile(file);
  });

  router.get("/find", async (request, response) => {
    const { words } = checked(findQuery, request.query);
    // Kept from the first search on; after a failure the next one reads again.
    sections ??= readSections().catch((error: unknown) => {
      sections = undefined;
      throw error;
    });
    response.json({ hits: findSections(await sections, words, mostHits) });
  });
  return router;
}

async function readOne(file: string, files: ReadonlySet<string>): Promise<DocPage> {
  return readPage(file, await readDoc(file), (href) => resolveLink(file, href, (other) => files.has(other)));
}

async function readGroups(): Promise<readonly DocGroup[]> {
  const pages = (await docFiles()).map(async (file) => ({
    address: addressOf(file),
    title: titleOf(file, await readDoc(file)),
  }));
  return groupPages(await Promise.all(pages));
}

/** In the order of the groups. One page a turn: all of them at once would hold up whoever else asks. */
async function readSections(): Promise<readonly SectionText[]> {
  const files = await docFiles();
  const fileAt = new Map(files.map((file) => [addressOf(file), file]));
  const all: SectionText[] = [];
  for (const { address } of (await readGroups()).flatMap(({ pages }) => pages)) {
    const file = fileAt.get(address);
    if (file !== undefined) all.push(...sectionsOf(await readOne(file, new Set(files))));
  }
  return all;
}
