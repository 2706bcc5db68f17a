import { defineConfig } from "vitest/config";

const name = (suffix: string) => `test/**/*.${suffix}.ts`;

/** One project a kind of test, so that `vitest --project unit` needs no infrastructure. */
export default defineConfig({
  test: {
    reporters: ["default", ["json", { outputFile: "test-report/report.json" }]],
    projects: [
      {
        test: {
          name: "unit",
          // It is there to find a test that hangs: some run hundreds of cases, and the machine may be doing other things.
          testTimeout: 120_000,
          // No test changes what another file's modules hold, and loading them anew for each file takes a third of the time.
          isolate: false,
          include: [name("test")],
          exclude: [name("int.test"), name("e2e.test"), name("fault.test")],
        },
      },
      {
        test: {
          name: "stack",
          include: [name("int.test")],
          globalSetup: ["test/support/stack.ts"],
          // As long as some waits in a row may take, each of which says what it waited for.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Two cores carry Kafka, Postgres, the registry and the tests: more workers only make each slower.
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: "whole",
          include: [name("e2e.test"), name("fault.test")],
          testTimeout: 900_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
});
