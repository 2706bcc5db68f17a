import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { connectKafka, createProducer, ensureTopics, kafkaOptions, setGroupOffsets } from "../../../kafka/index.ts";
import type { ReadyLine } from "../../../local/index.ts";
import { createMetrics, readOptions, silentLogger } from "../../../runtime/index.ts";
import { exampleOf, loadCatalogue } from "../../../schemas/index.ts";
import { eventually } from "../../support/wait.ts";
import type { OnStage } from "../stage.ts";

/** A topic whose records cannot be decoded, and a group that reads it no more. */
const [topic, group] = ["console-torn", "console-left-behind"];

const connectTo = (ready: ReadyLine) =>
  connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": ready.kafka } }), silentLogger);

async function write(ready: ReadyLine, texts: readonly string[], partition = 1): Promise<void> {
  const producer = createProducer({
    ...{ name: "test", connection: connectTo(ready), metrics: createMetrics(), log: silentLogger },
  });
  await producer.start(() => undefined);
  try {
    const headers = { note: "<b>bold</b>" };
    await producer.send(
      topic,
      texts.map((text) => ({ key: "k", value: Buffer.from(text), partition, headers })),
    );
  } finally {
    await producer.stop();
  }
}

/** The pages of topics and of consumer groups. */
export function kafkaPages(onStage: OnStage): void {
  onStage(
    "topics and groups are listed with their lag, what is worst first, and told anew by themselves",
    async (stage) => {
      const { ready, page, complaints } = stage;
      const connection = connectTo(ready);
      await ensureTopics(connection, [{ name: topic, partitions: 2, cleanup: "delete" }]);
      await write(
        ready,
        Array.from({ length: 60 }, (_, i) => `torn ${i}`),
      );
      await setGroupOffsets(connection, group, topic, [{ partition: 1, offset: 10n }]);

      await page.goto(`${ready.console}/topics`);
      // It is the only one that is behind, for nobody reads it.
      const first = page.getByRole("table").getByRole("row").nth(1).locator("th, td");
      const isFirst = async (behind: string) => {
        const [name, _wait, lag] = await first.allTextContents();
        expect([name, lag]).toEqual([topic, behind]);
      };
      await eventually(() => isFirst("50"));
      expect(await complaints()).toEqual([]);
      await write(ready, ["one more"]);
      await eventually(() => isFirst("51"));
      // A letter and a click in one moment: neither takes back the other.
      await page.evaluate(`{
        const field = document.querySelector(".name-filter input");
        field.value = "torn";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        document.querySelector('thead a[title="Sort by records"]').click();
      }`);
      await page.waitForURL(`${ready.console}/topics?name=torn&sort=records`);

      await page.getByRole("navigation").getByRole("link", { name: "Groups", exact: true }).click();
      const row = page.getByRole("row").filter({ hasText: group });
      await row.waitFor();
      expect(await row.textContent()).toContain("nobody reads");
      await page.getByRole("searchbox").fill("LEFT-behind");
      await eventually(() => expect(page.url()).toContain("/groups?name=LEFT-behind"));
      await page.getByText(/^1 of \d+ consumer groups$/).waitFor();
      expect(await complaints()).toEqual([]);
      const csv = await page.evaluate(async () =>
        (await fetch("/api/kafka/export/groups?format=csv&name=left")).text(),
      );
      expect(csv.split("\r\n")[1]).toMatch(new RegExp(`^${group},Empty,0,51,1,nobody reads,`));

      await page.getByRole("link", { name: group }).click();
      await page.getByRole("heading", { level: 1, name: group }).waitFor();
      await page.getByText("No process reads for this group now.").waitFor();
      expect(await complaints()).toEqual([]);
    },
  );

  onStage(
    "records that cannot be decoded stay rows with bytes and reason, from the end, an offset and a time",
    async (stage) => {
      const { ready, page, complaints } = stage;
      await page.goto(`${ready.console}/topics/${topic}`);
      const records = page.locator(".records > li");
      await eventually(async () => expect(await records.count()).toBe(50));
      expect(await records.first().textContent()).toMatch(/^60.*record_framing_invalid/s);
      await records.nth(1).locator("summary").click();
      // The letters that the bytes are, and a header as text only.
      await records.nth(1).getByText("torn 59").waitFor();
      await records.nth(1).getByText("<b>bold</b>").waitFor();
      expect(page.url()).toContain("open=59");
      expect(await complaints()).toEqual([]);
      await page.getByRole("link", { name: "← Older" }).click();
      await eventually(async () => expect(await records.count()).toBe(11));
      await page.getByLabel("Show").selectOption("from an offset on");
      await page.getByRole("textbox", { name: "Offset" }).fill("58");
      await page.getByRole("button", { name: "Read" }).click();
      await eventually(async () => expect(await records.count()).toBe(3));
      expect(page.url()).toContain("partition=1&offset=58");
      await page.getByLabel("Show").selectOption("from a time on");
      await page.getByLabel("Arrived since (UTC)").fill("2001-01-01T00:00:00");
      await page.getByRole("button", { name: "Read" }).click();
      await eventually(async () => expect(await records.first().textContent()).toMatch(/^0/));
      // Whoever gets the address sees the same.
      await page.reload();
      await eventually(async () => expect(await records.first().textContent()).toMatch(/^0/));
      // A record that comes into the partition before takes away neither what is shown nor what is typed.
      await page.goto(`${ready.console}/topics/${topic}`);
      await page.getByLabel("Show").selectOption("from an offset on");
      await page.getByRole("textbox", { name: "Offset" }).fill("58");
      await write(ready, ["in front"], 0);
      const partitions = page.getByRole("region", { name: "Partitions" }).getByRole("row");
      await eventually(async () => expect(await partitions.nth(1).textContent()).toMatch(/^01/));
      await page.getByRole("button", { name: "Read" }).click();
      await eventually(() => expect(page.url()).toContain("partition=1&offset=58"));
      await page.goto(`${ready.console}/topics/no-such-topic`);
      expect(await page.getByRole("alert").textContent()).toContain("There is no topic of this name");
    },
  );

  onStage("an event's record is decoded, and the role view sees nothing personal in it", async (stage) => {
    const { ready, page, browser } = stage;
    const type = loadCatalogue().types.get("driver.status");
    const data = { ...(type === undefined ? {} : (exampleOf(type) as object)), driver_id: "drv_hidden" };
    const event = { id: crypto.randomUUID(), type: "driver.status", source: "/test", specversion: "1.0" };
    const answer = await fetch(`${ready.ingest}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${ready.apiKey}` },
      body: JSON.stringify({ ...event, time: new Date().toISOString(), data }),
    });
    expect([answer.status, await answer.text()]).toEqual([expect.any(Number), expect.stringContaining("accepted")]);
    const address = `${ready.console}/topics/driver-status`;
    await page.goto(address);
    await page.locator(".records > li").getByText("drv_hidden").first().waitFor();
    const context = await browser.newContext();
    const other = await context.newPage();
    const { view } = JSON.parse(readFileSync(join(stage.dataDir, "secrets.json"), "utf8")).console;
    await other.goto(`${address}#key=${view}`);
    await other.getByText("(personal, masked)").first().waitFor();
    expect(await other.content()).not.toContain("drv_hidden");
    await context.close();
  });
}
