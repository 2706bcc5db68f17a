import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { Router } from "express";
import { PipelineError } from "../../runtime/index.ts";

/** Where the set-up puts the built page. */
export const pageFolder = fileURLToPath(new URL("../dist", import.meta.url));

/** Nothing of another origin, no script or style but the page's own files, nothing in a frame, and no text ever becomes HTML. */
export const pagePolicy = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "manifest-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
].join("; ");

/**
 * The page for every address that is neither data nor a file: its views are addresses, which the page itself tells apart. The files have a hash in
 * their names, so a browser keeps them.
 * @throws PipelineError console_page_missing
 */
export async function pageRoutes(folder = pageFolder): Promise<Router> {
  if (!existsSync(join(folder, "index.html"))) throw new PipelineError("console_page_missing", { fields: { folder } });
  const html = await readFile(join(folder, "index.html"));
  const router = Router();
  const assets = express.static(join(folder, "assets"), {
    ...{ index: false, redirect: false, fallthrough: false, cacheControl: false },
    setHeaders: (response) => response.setHeader("cache-control", "public, max-age=31536000, immutable"),
  });
  router.use("/assets", assets);
  // Names of topics and types have dots, and follow the name of a page; what has one at the top is a file that there is not.
  router.get(/^\/(?!api(\/|$))[^./]*(\/.*)?$/, (_request, response) => {
    response.setHeader("content-security-policy", pagePolicy);
    response.type("html").send(html);
  });
  return router;
}
