import type { ChildService, ReadyLine } from "../local/index.ts";
import { createService, type Service } from "../runtime/index.ts";
import type { CommandContext } from "./command.ts";
import type { StackPlace } from "./stack-options.ts";

/** What a person needs once everything runs. */
export function describeReady(ready: ReadyLine, milliseconds: number): string {
  return [
    `hailstream is ready (${(milliseconds / 1000).toFixed(1)} s).`,
    "",
    `  Post events     ${ready.ingest}/v1/events`,
    `  API key         ${ready.apiKey}`,
    `  Query them      psql ${ready.analyst}`,
    `  Kafka           ${ready.kafka}`,
    `  Schemas         ${ready.registry}`,
    // Behind #, the key is sent to nobody; the page signs in with it.
    ...(ready.console === undefined ? [] : [`  Console         ${ready.console}/#key=${ready.consoleKey ?? ""}`]),
    "",
    "  Ctrl-C stops it; the data stays.",
    "",
  ].join("\n");
}

type SummaryParts = {
  readonly context: CommandContext;
  readonly place: StackPlace;
  parts(): readonly ChildService[];
};

const everyMs = 1_000;

/** One line that is written again each second, on a terminal only: events in, rows out, and the state of every part. */
export function createSummary({ context, place, parts }: SummaryParts): Service {
  let timer: NodeJS.Timeout | undefined;
  let last: { readonly at: number; readonly accepted: number } | undefined;
  const { stderr } = context;

  async function draw(): Promise<void> {
    const { ports } = place;
    const [ingest, sinks] = await Promise.all([scrape(ports.ingest), scrape(ports.sinksMetrics)]);
    const accepted = sumOf(ingest, "hailstream_ingest_events_total", 'result="accepted"');
    const rows = sumOf(sinks, "hailstream_sinks_rows_total");
    const at = performance.now();
    const rate = last === undefined ? 0 : Math.max(0, ((accepted - last.accepted) * 1000) / (at - last.at));
    last = { at, accepted };
    const troubled = parts().filter((part) => part.state !== "ready");
    const health =
      troubled.length === 0 ? "all parts run" : troubled.map((part) => `${part.name} ${part.state}`).join(", ");
    const number = new Intl.NumberFormat("en");
    const counts = `${number.format(accepted)} events accepted, ${number.format(Math.round(rate))}/s`;
    const written = `${number.format(rows)} rows written`;
    if (timer !== undefined) stderr.write(`\r\u001b[K  ${counts}   ${written}   ${health}`);
  }

  return createService({
    name: "summary",
    start() {
      if (stderr.isTTY !== true) return;
      timer = setInterval(() => void draw().catch(() => undefined), everyMs);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  });
}

async function scrape(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(everyMs) }).catch(
    () => undefined,
  );
  return (await response?.text()) ?? "";
}

/** Adds the values of all series of a metric whose labels contain `label`. */
function sumOf(text: string, name: string, label = ""): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    if (line.includes(label)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}
