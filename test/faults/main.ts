import { Command, InvalidArgumentError } from "commander";
import { onStopSignals } from "../../runtime/index.ts";
import { measureKills, type RecoveryReport } from "./recovery.ts";
import { recordRecovery, recordRun } from "./results.ts";
import { type RunReport, runOnce } from "./run.ts";

const whole = (text: string) => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("expected a whole number from 0 on");
  return number;
};
const positive = (text: string) => {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError("expected a number above 0");
  return number;
};

type Flags = {
  readonly seed: number;
  readonly minutes: number;
  readonly events?: number;
  readonly recovery?: boolean;
  readonly record?: boolean;
  readonly json?: boolean;
  readonly keepData?: boolean;
};

const eventsPerMinute = 50_000;
const maxTold = 20;

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function tell(report: RunReport | RecoveryReport, json = false): Promise<void> {
  if (json) await new Promise((resolve) => process.stdout.write(`${JSON.stringify(report)}\n`, resolve));
  else say(JSON.stringify({ ...report, anomalies: undefined, injected: undefined }));
}

const program = new Command("faults")
  .description(
    "Breaks three brokers, registry, Postgres and two of each service under load, and proves that nothing is lost, there twice, or out of order.",
  )
  .option("--seed <n>", "what happens when follows from it", whole, 1)
  .option("--minutes <m>", "how long the apps send and things break", positive, 1)
  .option("--events <n>", `how many events the apps send; ${eventsPerMinute} a minute when not given`, whole)
  .option(
    "--recovery",
    "instead: kills each process once, as far as the minutes reach, and measures how soon rows come again",
  )
  .option("--record", "keep the result for docs/faults.md")
  .option("--json", "print one JSON object on standard output")
  .option("--keep-data", "leave the data and logs of the run where they are")
  .action(async ({ seed, minutes, events, recovery, record, json, keepData }: Flags) => {
    const abort = new AbortController();
    const endSignals = onStopSignals((_signal, again) => (again ? process.exit(1) : abort.abort()));
    const options = { seed, minutes, say, abort: abort.signal, keepData: keepData === true };
    try {
      if (recovery === true) {
        const report = await measureKills(options);
        if (record === true) recordRecovery(report);
        await tell(report, json);
        return;
      }
      const report = await runOnce({ ...options, events: events ?? Math.round(eventsPerMinute * minutes) });
      if (record === true) recordRun(report, minutes);
      await tell(report, json);
      for (const { kind, where, id = "", detail } of report.anomalies.slice(0, maxTold))
        say(`${kind}: ${where}: ${id} ${detail}`);
      if (report.anomalies.length > maxTold) say(`… ${report.anomalies.length} in all`);
      process.exitCode = report.anomalies.length === 0 ? 0 : 1;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      say("broken off");
      process.exitCode = 1;
    } finally {
      endSignals();
    }
  });

await program.parseAsync();
// kafkajs goes on trying to reach brokers that are no more.
process.exit();
