import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const atTheRoot = ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/** The pages of documentation, as the repository names them. */
export async function docFiles(): Promise<readonly string[]> {
  const below = async (folder: string, fits: RegExp) =>
    (await readdir(join(root, folder), { recursive: true }))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .filter((name) => fits.test(name));
  const [docs, examples] = await Promise.all([
    below("docs", /\.md$/),
    below("examples", /^examples\/[^/]+\/README\.md$/),
  ]);
  return [...atTheRoot, ...docs, ...examples].sort();
}

/** The picture of a name; undefined: there is none. */
export async function pictureFile(name: string): Promise<string | undefined> {
  const folder = join(root, "docs/images");
  return (await readdir(folder)).includes(name) ? join(folder, name) : undefined;
}

/** @param file one of docFiles */
export const readDoc = (file: string): Promise<string> => readFile(join(root, file), "utf8");
