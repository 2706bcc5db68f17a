import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The page as a few files with hashes in their names; everything is from our own origin, so the policy of the page can forbid all others. */
export default defineConfig({
  root: fileURLToPath(new URL("page", import.meta.url)),
  logLevel: "warn",
  build: {
    outDir: fileURLToPath(new URL("dist", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // An inlined file would be of no origin, which the policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
