/** The languages of blocks that a reader would copy and run. What has another one, or none, shows what is printed or drawn. */
export const copied: readonly string[] = ["sh", "sql", "ts", "js", "json", "yaml", "python", "kotlin", "swift"];

/** The test that runs or compiles the blocks, or why none does. Commands of hailstream are held against the command line in any case (`blocks.test.ts`). */
export type Coverage = string | { readonly notRun: string };

/** Follows the guides, and runs blocks of other pages beside them. */
export const guides = "test/docs/guides.e2e.test.ts";
export const parsed = "test/docs/blocks.test.ts";

/** What runs the blocks of each page, by language. `blocks.test.ts` fails on a block that is not in here. */
export const coverage: Readonly<Record<string, Readonly<Record<string, Coverage>>>> = {
  "README.md": { sh: "test/readme.e2e.test.ts" },
  "docs/alerts.md": { yaml: guides },
  "docs/analytics.md": { sh: guides, sql: guides },
  "docs/codegen.md": {
    sh: guides,
    ts: "test/schemas/codegen/typescript.test.ts",
    json: parsed,
    kotlin: { notRun: "a line of an app; the code that it calls is compiled and run by test/schemas/codegen" },
    swift: { notRun: "no compiler of Swift could be installed" },
  },
  "docs/commands.md": {
    sh: { notRun: "generated: the examples of the commands' help, which start and delete things" },
  },
  "docs/diagnostics.md": { sql: guides },
  "docs/driver-state.md": { sql: guides },
  "docs/events.md": { json: parsed },
  "docs/formats.md": { sh: "test/ingest/formats-page.int.test.ts", js: "test/ingest/formats-page.int.test.ts" },
  "docs/guides/analyst.md": { sh: guides, sql: guides },
  "docs/guides/app-developer.md": { sh: guides, ts: guides },
  "docs/guides/on-call.md": { sh: guides, ts: guides, yaml: guides },
  "docs/guides/operator.md": { sh: guides },
  "docs/lake.md": { sh: guides, sql: guides, python: guides },
  "docs/marketplace.md": { sql: "test/stream/marketplace/marketplace-pipeline.ts" },
  "docs/micro.md": { sh: "test/ingest/micro/micro.e2e.test.ts", ts: "test/client/package.test.ts" },
  "docs/questions.md": { sql: "test/analytics/questions.int.test.ts" },
  "docs/reprocess.md": { sh: guides },
  "docs/sdk.md": { ts: "test/client/package.test.ts", sql: guides },
  "docs/simulate.md": { sh: guides },
  "docs/time.md": { sql: guides },
  "docs/trips.md": { sql: guides },
  "docs/webhooks.md": { sh: guides, ts: guides, python: "test/sinks/webhook/receiver-python.int.test.ts" },
  "examples/app-tests/README.md": { sh: "test/ingest/micro/micro.e2e.test.ts" },
  "examples/orders/README.md": { sh: "test/examples/orders.e2e.test.ts" },
  "examples/webhook-receiver/README.md": { sh: guides },
};
