import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

const nameOf = (dir: string) => join(dir, "position");

/**
 * The sequence of the first frame that Kafka does not have yet; 0 when the file is missing or damaged, which costs nothing but sending
 * what is left once more.
 */
export async function readPosition(dir: string): Promise<number> {
  const text = await readFile(nameOf(dir), "utf8").catch(() => "");
  const [digits = "", seal] = text.trim().split(" ");
  return seal === sealOf(digits) && Number.isSafeInteger(Number(digits)) ? Number(digits) : 0;
}

/** Written whole and then renamed; not forced to the disk, since an older position is as good. @throws the error of the file system */
export async function writePosition(dir: string, next: number): Promise<void> {
  const draft = `${nameOf(dir)}.draft`;
  const digits = String(next);
  await writeFile(draft, `${digits} ${sealOf(digits)}\n`, { mode: 0o600 });
  await rename(draft, nameOf(dir));
}

export async function removePosition(dir: string): Promise<void> {
  await rm(nameOf(dir), { force: true });
}

const sealOf = (digits: string) => crc32(digits).toString(16);
