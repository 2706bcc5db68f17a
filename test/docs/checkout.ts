import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..", "..");
/** What is not part of a checkout, or is too large to copy. */
const leftOut = ["node_modules", ".git", ".hailstream", "test-report"];

/** Copies the checkout into a folder, so that what a page makes its reader write and change is there and nowhere else. The packages are shared. */
export function copyCheckout(into: string): void {
  for (const name of readdirSync(root)) {
    if (!leftOut.includes(name)) cpSync(join(root, name), join(into, name), { recursive: true });
  }
  const modules = join(into, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== ".bin") symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  // Its links lead to packages beside it, and `hailstream` to the program of the copy.
  cpSync(join(root, "node_modules", ".bin"), join(modules, ".bin"), { recursive: true, verbatimSymlinks: true });
}
