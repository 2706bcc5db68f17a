import { Kafka, logLevel } from "kafkajs";
import { expect } from "vitest";
import { markedParts } from "../../../local/index.ts";
import type { OnStage, Stage } from "../stage.ts";

/** The proof has 5; a busy machine takes longer, and a test is not timed. */
const patienceMs = 1_000 * Number(process.env.CONSOLE_FAULT_SECONDS ?? 120);

/** Does harm while somebody looks at the first page, and measures until the page names it. */
async function isNamed({ page }: Stage, what: string, words: string | RegExp, harm: () => unknown): Promise<void> {
  const finding = page.getByRole("region", { name: "What is wrong" }).getByRole("listitem").filter({ hasText: words });
  // Nothing of it is left of a test before.
  await finding.first().waitFor({ state: "detached" });
  const began = performance.now();
  await harm();
  await finding.first().waitFor({ timeout: patienceMs });
  const seconds = (performance.now() - began) / 1_000;
  process.stderr.write(`console: ${what} is named on the first page after ${seconds.toFixed(1)} s\n`);
}

async function openFirstPage({ page, ready }: Stage): Promise<void> {
  await page.goto(`${ready.console}/`);
  // All parts have been asked once.
  await page.getByRole("heading", { level: 1, name: /all right|fault|warning/ }).waitFor();
}

function signal({ dataDir }: Stage, name: string, wanted: NodeJS.Signals): void {
  const pid = markedParts(dataDir).find((part) => part.name === name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, wanted);
}

async function produce({ ready }: Stage, topic: string, value: Buffer): Promise<void> {
  const producer = new Kafka({ brokers: [ready.kafka], clientId: "poison", logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ key: "poison", value }] });
  } finally {
    await producer.disconnect();
  }
}

/** Real faults, each of which the first page names by itself. */
export function faultsOnFirstPage(onStage: OnStage): void {
  for (const [what, name, words] of [
    ["a sink that hangs", "sinks", "sinks does not answer"],
    ["a broker that hangs", "kafka", "Kafka does not answer"],
  ] as const) {
    onStage(`${what} is named on the first page`, async (stage) => {
      await openFirstPage(stage);
      try {
        await isNamed(stage, what, words, () => signal(stage, name, "SIGSTOP"));
        expect(await stage.page.getByRole("heading", { level: 1 }).textContent()).toMatch(/\d faults?/);
      } finally {
        signal(stage, name, "SIGCONT");
      }
      await stage.page.getByText(words).waitFor({ state: "detached" });
    });
  }

  onStage("poison is named on the first page, at a sink and at a processor", async (stage) => {
    await openFirstPage(stage);
    const poison = Buffer.from("no record of ours");
    await isNamed(stage, "poison at a processor", /record could not be used by/, () =>
      produce(stage, "trip-events", poison),
    );
    await isNamed(stage, "poison at a sink", /record of driver-status could not be stored/, () =>
      produce(stage, "driver-status", poison),
    );
    // The page about refused events has both, each with its bytes.
    const { page, ready } = stage;
    for (const consumer of ["enrich-trip-events of trip-events", "of driver-status"]) {
      await page.goto(`${ready.console}/refused?kind=dead`);
      const group = page.getByRole("listitem").filter({ hasText: consumer }).first();
      await group.getByRole("link", { name: "The newest" }).click();
      await page.getByRole("heading", { name: "Bytes as they came" }).waitFor();
      expect(await page.getByLabel("Bytes as text").textContent()).toBe(String(poison));
      expect(await page.getByRole("button", { name: "Redrive: 1 event" }).count()).toBe(1);
    }
  });

  onStage("a broker that is killed is named on the first page, and forgotten when it runs again", async (stage) => {
    await openFirstPage(stage);
    await isNamed(stage, "a broker that is killed", "Kafka does not answer", () => signal(stage, "kafka", "SIGKILL"));
    await stage.page.getByText("Kafka does not answer").waitFor({ state: "detached" });
  });
}
