import { Router } from "express";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { checked } from "../server/checked.ts";
import { addressOf, resolveLink } from "./addresses.ts";
import { docFiles, readDoc } from "./files.ts";
import { groupPages } from "./groups.ts";
import { readPage, titleOf } from "./read-page.ts";

const pageQuery = z.strictObject({ at: z.string().max(200).default("") });

/** The documentation of this very version, read anew each time. */
export function docRoutes(): Router {
  const router = Router();

  router.get("/", async (_request, response) => {
    const pages = (await docFiles()).map(async (file) => ({
      address: addressOf(file),
      title: titleOf(file, await readDoc(file)),
    }));
    response.json({ groups: groupPages(await Promise.all(pages)) });
  });

  router.get("/page", async (request, response) => {
    const { at } = checked(pageQuery, request.query);
    const files = new Set(await docFiles());
    const file = [...files].find((each) => addressOf(each) === at);
    if (file === undefined) throw new PipelineError("console_path_unknown");
    const source = await readDoc(file);
    response.json(readPage(file, source, (href) => resolveLink(file, href, (other) => files.has(other))));
  });
  return router;
}
