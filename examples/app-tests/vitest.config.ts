import { defineConfig } from "vitest/config";

/** Nothing special: this folder stands for the repository of an app, which has nothing of this one's. */
export default defineConfig({});
