import { posix } from "node:path";
import { pathOf } from "./doc-path.ts";

/** Where the console shows a file: `""` for the README, `alerts` for docs/alerts.md, `examples/orders` for a README in a folder. */
export function addressOf(file: string): string {
  return file
    .replace(/^docs\//, "")
    .replace(/(^|\/)README\.md$/, "")
    .replace(/\.md$/, "")
    .replace(/^[A-Z]+$/, (name) => name.toLowerCase());
}

const pictures = "docs/images/";

/** Where the console has a picture of a page; undefined: it shows its words. */
export function resolvePicture(from: string, href: string): string | undefined {
  const file = posix.join(posix.dirname(from), href);
  return file.startsWith(pictures) ? `/api/docs/pictures/${file.slice(pictures.length)}` : undefined;
}

/**
 * Where a link of a page leads in the console. Undefined: nowhere, as to a file that is no page, or by a scheme that runs something.
 * @param from the file that the link stands in
 * @param isShown whether the console shows a file
 */
export function resolveLink(from: string, href: string, isShown: (file: string) => boolean): string | undefined {
  if (href.startsWith("#") || /^(https?|mailto):/.test(href)) return href;
  if (/^[a-z][a-z0-9+.-]*:|^\//i.test(href)) return undefined;
  const [path = "", anchor] = href.split("#");
  const file = posix.join(posix.dirname(from), decodeURI(path));
  const shown = [file, posix.join(file, "README.md")].find(isShown);
  if (shown === undefined) return undefined;
  if (shown === from && anchor !== undefined) return `#${anchor}`;
  return pathOf(addressOf(shown)) + (anchor === undefined ? "" : `#${anchor}`);
}
