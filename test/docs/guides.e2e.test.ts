import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePortBase } from "../../local/index.ts";
import { duck } from "../sinks/lake/duck.ts";
import { pythonWith } from "../support/python.ts";
import { eventually } from "../support/wait.ts";
import { copyCheckout } from "./checkout.ts";
import { coverage, guides } from "./coverage.ts";
import { type Block, textOf } from "./markdown.ts";
import { type Place, runnableBlocks } from "./replaced.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** A checkout of the reader's own, beside it the data of the stack. */
const folder = mkdtempSync(join(tmpdir(), "hailstream-guides-"));
const checkout = join(folder, "hailstream");
const portBase = await findFreePortBase();
const place: Place = { checkout, ports: await findFreePortBase() };

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
const blocksAsRun = (page: string) => runnableBlocks(page, place);

function open(): Terminal {
  const terminal = openTerminal(checkout, first);
  terminals.push(terminal);
  return terminal;
}

beforeAll(async () => {
  copyCheckout(checkout);
  const blocks = blocksAsRun("docs/guides/app-developer.md");
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

/** What the block with these words prints. */
type Expected = Readonly<Record<string, RegExp>>;
const wantedOf = (block: Block, expected: Expected) =>
  Object.entries(expected).find(([words]) => block.code.includes(words)) ?? [];

async function runBlock(terminal: Terminal, block: Block, where: string, wanted = /^/, database?: string) {
  const ran = await terminal.run(block, database);
  expect(ran.status, `${where}: ${ran.printed}`).toBe(0);
  expect(ran.printed, where).toMatch(wanted);
}

/**
 * Follows a page from its first block to its last. A block of which it is expected what it prints is run again until it does, as a reader would who is too
 * quick.
 */
async function follow(page: string, expected: Expected, terminal = open()): Promise<void> {
  const met = new Set<string>();
  for (const block of blocksAsRun(page)) {
    if (!["sh", "sql", "ts", "yaml"].includes(block.language) || isFirstTerminal(block)) continue;
    const where = `${page}, the block in line ${block.line}`;
    const [words, wanted] = wantedOf(block, expected);
    if (words === undefined) await runBlock(terminal, block, where);
    else await eventually(() => runBlock(terminal, block, where, wanted), { timeoutMs: 180_000, everyMs: 200 });
    if (words !== undefined) met.add(words);
  }
  expect([...met].sort()).toEqual(Object.keys(expected).sort());
  const programs = blocksAsRun(page).flatMap(({ code }) => /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? []);
  if (programs.length > 0) await compile(terminal, programs);
}

async function compile(terminal: Terminal, programs: readonly string[]): Promise<void> {
  const flags =
    "--ignoreConfig --noEmit --strict --skipLibCheck --allowImportingTsExtensions --target es2024 --types node";
  const ran = await terminal.run({ language: "sh", code: `tsc ${flags} --module nodenext ${programs.join(" ")}` });
  expect(ran).toEqual({ status: 0, printed: "" });
}

/** Where everything is slow, so is this. */
const minutes = 15 * 60_000;
/** A block that is run again is answered as a repetition. */
const stored = /"status":"(accepted|duplicate)"/;

test(
  "the app developer's guide",
  () =>
    follow("docs/guides/app-developer.md", {
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
    follow("docs/guides/analyst.md", {
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
    follow("docs/guides/on-call.md", {
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
    follow("docs/guides/operator.md", {
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

/** Asks how many rows there are in what the last line of a block reads. The packages are those that its page names. */
async function runInPython(terminal: Terminal, page: string, { code, line }: Block): Promise<void> {
  const [, packages = ""] = /`pip install ([^`]+)`/.exec(textOf(page)) ?? [];
  const python = await pythonWith(packages.split(" "));
  if (python === undefined) return;
  const program = code.trim().replace(/.*$/, "print(len($&))");
  const ran = await terminal.run({ language: "sh", code: `${python} - <<'END'\n${program}\nEND` });
  expect(ran.status, `${page}, the block in line ${line}: ${ran.printed}`).toBe(0);
  expect(Number(ran.printed)).toBeGreaterThan(0);
}

const receiver = "examples/webhook-receiver/README.md";
/** Pages that are looked up, not followed: each block by itself. Simulate first, as the others look at events. */
const others = ["docs/simulate.md", ...Object.keys(coverage).filter((page) => page !== "docs/simulate.md")].flatMap(
  (page) => {
    if (page.startsWith("docs/guides/") || page === receiver) return [];
    const here = Object.entries(coverage[page] ?? {}).filter(([, by]) => by === guides);
    return [{ page, here: here.map(([language]) => language) }];
  },
);
const expectedOfOthers: Readonly<Record<string, Expected>> = {
  "docs/reprocess.md": {
    "--switch":
      /^\d+ results are equal, 0 differ, 0 are missing, 0 are too many\.\n.* as it was\.\n\d+ results are equal.*\n.* goes on from the rebuilt memory, and 0 results/,
  },
  "docs/simulate.md": { "until Ctrl-C": /rows +not counted[\s\S]*rows +(\d+) of \1\n[\s\S]*rows +(\d+) of \2\n/ },
  "docs/webhooks.md": {
    "endpoints test": /^delivered, status 204[\s\S]*night shift {2}critical and up[\s\S]*as slack/m,
    "--dry-run": /would be sent again[\s\S]*will be sent again/,
  },
};

test(
  "what other pages show to be copied",
  async () => {
    const terminal = open();
    await terminal.run({ language: "sh", code: 'eval "$(npx hailstream env)"' });
    // What is done with an endpoint elsewhere is done with this one.
    await follow(receiver, { "endpoints test": /^delivered, status 204/ }, terminal);
    for (const { page, here } of others) {
      const blocks = blocksAsRun(page).filter(({ language }) => here.includes(language));
      const expected = expectedOfOthers[page] ?? {};
      for (const words of Object.keys(expected))
        expect(blocks.map(({ code }) => code).join("\n"), page).toContain(words);
      for (const block of blocks) {
        const where = `${page}, the block in line ${block.line}`;
        if (block.language === "ts") {
          const given = "declare const body: string, request: { headers: Record<string, string> };";
          await terminal.run({ language: "ts", code: `// example.ts\n${given}\n${block.code}` });
          await compile(terminal, ["example.ts"]);
        } else if (block.language === "yaml") {
          await terminal.run({ language: "yaml", code: `# example.yaml\n${block.code}` });
          const ran = await terminal.run({
            language: "sh",
            code: "npx hailstream alerts test example.yaml --since 1m",
          });
          expect(ran, where).toMatchObject({ status: 0 });
        } else if (block.language === "sql" && block.code.includes("read_parquet")) {
          // The lake has just been started: at first there is no file, then some.
          const written = async () =>
            expect(await duck(block.code), where).toContainEqual(expect.objectContaining({ type: "driver.location" }));
          await eventually(written, { timeoutMs: 180_000, everyMs: 200 });
        } else if (block.language === "python") {
          await runInPython(terminal, page, block);
        } else {
          await runBlock(terminal, block, where, wantedOf(block, expected)[1], "OWNER_DATABASE_URL");
        }
      }
    }
  },
  minutes,
);
