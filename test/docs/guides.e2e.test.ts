import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase } from "../../local/index.ts";
import { eventually } from "../support/wait.ts";
import { copyCheckout } from "./checkout.ts";
import { coverage, guides } from "./coverage.ts";
import { type Block, blocksOf, textOf } from "./markdown.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** A checkout of the reader's own, beside it the data of the stack. */
const folder = mkdtempSync(join(tmpdir(), "hailstream-guides-"));
const checkout = join(folder, "hailstream");
const portBase = await findFreePortBase();
/** Of what the reader starts beside the stack: the pages' 8180 and 9400 become these and those behind. */
const ownPorts = await findFreePortBase();

const first: NodeJS.ProcessEnv = {
  ...process.env,
  HAILSTREAM_LOCAL_DATA_DIR: join(folder, "data"),
  HAILSTREAM_LOCAL_PORT_BASE: String(portBase),
};
const terminals: Terminal[] = [];
let start: ChildProcess | undefined;
let printed = "";

/** The first terminal, in which the pipeline runs for all guides. */
const isFirstTerminal = ({ code }: Block) => code.startsWith("npm start");
const guideBlocks = (guide: string): readonly Block[] =>
  blocksOf(textOf(`docs/guides/${guide}.md`)).map((block) => ({
    ...block,
    code: block.code
      .replaceAll(/\b818(\d)\b/g, (_, digit) => String(ownPorts + Number(digit)))
      .replaceAll(/\b9400\b/g, String(ownPorts + 9))
      .replace("--duration-seconds 20", "--duration-seconds 5"),
  }));

function open(): Terminal {
  const terminal = openTerminal(checkout, first);
  terminals.push(terminal);
  return terminal;
}

beforeAll(async () => {
  copyCheckout(checkout);
  const blocks = guideBlocks("app-developer");
  // The guide makes it later and starts the pipeline again; here it is there from the start.
  const schema = blocks.find(({ code }) => code.includes("cat > my-schemas/events/"));
  expect(await open().run(schema as Block)).toMatchObject({ status: 0 });
  start = spawn("bash", ["-c", `exec ${blocks.find(isFirstTerminal)?.code}`], {
    ...{ cwd: checkout, env: first, detached: true },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const keep = (data: Buffer) => {
    printed += data.toString();
  };
  start.stdout?.on("data", keep);
  start.stderr?.on("data", keep);
  await eventually(() => expect(printed).toContain("hailstream is ready"), { timeoutMs: 280_000 });
}, 300_000);

afterAll(async () => {
  for (const terminal of terminals) terminal.close();
  if (start?.pid !== undefined && start.exitCode === null) {
    const ended = new Promise((finish) => start?.once("close", finish));
    process.kill(-start.pid, "SIGINT");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/**
 * Follows a guide from its first block to its last. `expected` says what the block with these words prints; such a block is run again until it does, as a
 * reader would who is too quick.
 */
async function follow(guide: string, expected: Readonly<Record<string, RegExp>>): Promise<void> {
  const terminal = open();
  const met = new Set<string>();
  for (const block of guideBlocks(guide)) {
    if (!["sh", "sql", "ts", "yaml"].includes(block.language) || isFirstTerminal(block)) continue;
    const where = `docs/guides/${guide}.md, the block in line ${block.line}`;
    const [words, wanted] = Object.entries(expected).find(([words]) => block.code.includes(words)) ?? [];
    if (words !== undefined) met.add(words);
    const attempt = async () => {
      const ran = await terminal.run(block);
      expect(ran.status, `${where}: ${ran.printed}`).toBe(0);
      if (wanted !== undefined) expect(ran.printed, where).toMatch(wanted);
    };
    if (wanted === undefined) await attempt();
    else await eventually(attempt, { timeoutMs: 60_000, everyMs: 200 });
  }
  expect([...met].sort()).toEqual(Object.keys(expected).sort());
  const programs = guideBlocks(guide).flatMap(({ code }) => /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? []);
  if (programs.length > 0) await compile(terminal, programs);
}

async function compile(terminal: Terminal, programs: readonly string[]): Promise<void> {
  const flags =
    "--ignoreConfig --noEmit --strict --skipLibCheck --allowImportingTsExtensions --target es2024 --types node";
  const ran = await terminal.run({ language: "sh", code: `tsc ${flags} --module nodenext ${programs.join(" ")}` });
  expect(ran).toEqual({ status: 0, printed: "" });
}

const minutes = 4 * 60_000;
/** A block that is run again is answered as a repetition. */
const stored = /"status":"(accepted|duplicate)"/;

test(
  "the app developer's guide",
  () =>
    follow("app-developer", {
      "keys show": /valid +test +my-app +trip\.\*/,
      'trace "$EVENT_ID"': /delivered: 1,[\s\S]* trip\.rated {2}is stored/,
      "from events.trip_rated": /\(1 row\)/,
      "vitest run": /2 passed/,
      '"id": "rating-1"':
        /^rating-1 (accepted|duplicate) .*\nrating-1 duplicate .*\nrating-2 rejected .*\nrating-3 rejected .*\nerror-1 rejected /,
      '"stars": 3': /"status":"quarantined"/,
      "quarantine list": /event_field_unknown/,
      "quarantine replay": /1 event/,
      "cat > my-schemas": /"amount": \d+/,
      '"id": "tip-1"': stored,
      "from analytics.fct_tips": /tip-1 +\|.*\| [0-9a-f]{32} \|/,
      "|| mv": /trip\.tipped: the field amount BREAKS against version 1/,
      "my-schemas\nnpx hailstream schemas release": /All schemas read[\s\S]*trip\.tipped is version 2, was 0\+/,
    }),
  minutes,
);

test(
  "the analyst's guide",
  () =>
    follow("analyst", {
      "hailstream simulate": /fct_trips/,
      "select driver_id": /permission denied[\s\S]*exit code 1/,
      "as city": /New York/,
      width_bucket: /\|/,
    }),
  minutes,
);

test(
  "the guide of those on call",
  () =>
    follow("on-call", {
      "endpoints test": /^delivered, status 204/,
      "--firing": /^safety-sos .*\n {2}firing since/,
      "hailstream status": /^ready/,
      '"id": "my-drill"': stored,
      "trace my-drill": /is stored[\s\S]*safety-sos/,
      "hailstream audit": /all in place/,
      "alerts silences": /marathon/,
      "endpoints deliveries": /delivered/,
      "--state delivered": /1 delivery will be sent again/,
    }),
  minutes,
);

test(
  "the operator's guide",
  () =>
    follow("operator", {
      "curl -s -o /dev/null": /^(\d+ 200\n){4}hailstream_sinks_webhook_endpoints/,
      '"id": "smoke-1"': stored,
      '"id": "smoke-2"': stored,
      "trace smoke-1": /is stored/,
      "dlq list": /store_rejected/,
      "dlq redrive": /redriven/,
      "delete from events.driver_status": /2 missing[\s\S]*exit code 1/,
      "replay-topic": /all in place/,
      "hailstream reprocess": /results are equal/,
    }),
  minutes,
);

/** Pages that are looked up, not followed: each block by itself. */
const others = Object.entries(coverage).flatMap(([page, languages]) =>
  page.startsWith("docs/guides/")
    ? []
    : [{ page, here: Object.keys(languages).filter((l) => languages[l] === guides) }],
);

test("what other pages show to be copied", async () => {
  const terminal = open();
  await terminal.run({ language: "sh", code: 'eval "$(npx hailstream env)"' });
  for (const { page, here } of others) {
    for (const block of blocksOf(textOf(page)).filter(({ language }) => here.includes(language))) {
      const where = `${page}, the block in line ${block.line}`;
      if (block.language === "ts") {
        const given = "declare const body: string, request: { headers: Record<string, string> };";
        await terminal.run({ language: "ts", code: `// example.ts\n${given}\n${block.code}` });
        await compile(terminal, ["example.ts"]);
      } else if (block.language === "yaml") {
        await terminal.run({ language: "yaml", code: `# example.yaml\n${block.code}` });
        const ran = await terminal.run({ language: "sh", code: "npx hailstream alerts test example.yaml --since 1m" });
        expect(ran, where).toMatchObject({ status: 0 });
      } else {
        const ran = await terminal.run(block, "OWNER_DATABASE_URL");
        expect(ran.status, `${where}: ${ran.printed}`).toBe(0);
      }
    }
  }
}, 120_000);
