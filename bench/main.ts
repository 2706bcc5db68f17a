import { Command } from "commander";
import type { BenchOptions, BenchResult } from "./contract.ts";

type Bench = { readonly run: (options: BenchOptions) => Promise<BenchResult> };

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  ingest: () => import("./ingest.ts"),
  stream: () => import("./stream.ts"),
  sink: () => import("./sink.ts"),
  lake: () => import("./lake.ts"),
  questions: () => import("./questions.ts"),
  webhook: () => import("./webhook.ts"),
  "end-to-end": () => import("./end-to-end.ts"),
};

const program = new Command("bench")
  .description(
    "Measures a station, its peer and the limit in turn on this machine. Read the ratios; a figure alone does not travel.",
  )
  .argument("<bench>", Object.keys(benches).join(", "))
  .option("--rounds <n>", "rounds, at least 3 for a figure to quote", "3")
  .option("--records <n>", "records a run, where the bench counts records", "500000")
  .option("--json", "print one JSON object on standard output")
  .action(async (name: string, flags: { rounds: string; records: string; json?: boolean }) => {
    const load = benches[name];
    if (load === undefined) throw new Error(`there is no bench ${name}; there are ${Object.keys(benches).join(", ")}`);
    const say = (line: string) => void process.stderr.write(`${line}\n`);
    const result = await (await load()).run({ rounds: Number(flags.rounds), records: Number(flags.records), say });
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
  });

await program.parseAsync();
