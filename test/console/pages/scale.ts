import { loadavg } from "node:os";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { clusterState, connectKafka, createKnownAges, kafkaOptions } from "../../../kafka/index.ts";
import { readOptions, silentLogger } from "../../../runtime/index.ts";
import type { OnStage } from "../stage.ts";
import { groupAt, makeCrowd, topicAt } from "./crowd.ts";

/** `npm run proof -- console-scale`: 1,000 topics, 500 groups, five visits, a second. */
const topics = Number(process.env.CONSOLE_TOPICS ?? 40);
const groups = Number(process.env.CONSOLE_GROUPS ?? 20);
const visits = Number(process.env.CONSOLE_VISITS ?? 2);
const mostMs = Number(process.env.CONSOLE_PAGE_MS ?? Number.POSITIVE_INFINITY);

const row = (page: Page) => page.getByRole("table").first().getByRole("row").nth(1);

/** Each page, and what stands there once it shows what it is for. */
const shown: readonly (readonly [path: string, there: (page: Page) => ReturnType<Page["locator"]>])[] = [
  ["/", (page) => page.getByRole("heading", { level: 1, name: /all right|fault|warning/ })],
  ["/topics", row],
  ["/live", (page) => page.getByRole("heading", { name: /^Nothing (has arrived|fits) yet$/ })],
  ["/groups", row],
  ["/refused", (page) => page.locator("main.refused[aria-busy=false]")],
  [`/topics/${topicAt(7)}`, (page) => page.locator(".records > li").first()],
  ["/connectors", row],
  [`/groups/${groupAt(7)}`, row],
  ["/connectors/events", (page) => page.getByRole("heading", { name: "How far it is" })],
  ["/topics?name=crowd&sort=lag&page=2", row],
  ["/schemas", row],
  ["/alerts", (page) => page.locator("main .verdict h1")],
  ["/groups?name=crowd&sort=name&page=2", row],
  ["/alerts/history", (page) => page.locator("main table, main .empty").first()],
  ["/schemas/driver.location", (page) => page.getByRole("region", { name: "Fields" })],
  ["/alerts/rules", (page) => page.locator("main table, main .empty").first()],
  // The counts; the verdict compares events of topics and rows, whatever else the cluster holds, and comes when it is done.
  ["/audit", (page) => page.locator("main table, main .empty").first()],
  ["/map", (page) => page.locator("main .empty, main canvas").first()],
];

function tell(took: ReadonlyMap<string, readonly number[]>): void {
  const load = loadavg()
    .map((each) => each.toFixed(1))
    .join(", ");
  const lines = [...took].map(([path, all]) => {
    const inOrder = all.toSorted((a, b) => a - b);
    const [median, worst] = [inOrder[Math.floor(inOrder.length / 2)], inOrder.at(-1)];
    return `${path.padEnd(36)} ${median?.toFixed()} ${worst?.toFixed()}   (${all.map((ms) => ms.toFixed()).join(", ")})\n`;
  });
  process.stdout.write(
    `${topics} topics, ${groups} groups, load ${load}; navigation to content, ms: median, worst, each\n${lines.join("")}`,
  );
}

/** All pages of a console whose Kafka has many topics and groups. */
export function scalePages(onStage: OnStage): void {
  onStage(
    "with many topics and consumer groups each page is soon there",
    async ({ ready, page }) => {
      const flags = { "kafka-brokers": ready.kafka };
      const connection = connectKafka(readOptions(kafkaOptions, { flags }), silentLogger);
      await makeCrowd(connection, topics, groups);
      const looks: number[] = [];
      const ages = createKnownAges();
      for (let look = 0; look < 4; look++) {
        const began = performance.now();
        await clusterState(connection, ages);
        looks.push(performance.now() - began);
      }
      process.stdout.write(
        `a look at the cluster, the first and those behind it: ${looks.map(Math.round).join(", ")} ms\n`,
      );
      const took = new Map<string, number[]>(shown.map(([path]) => [path, []]));
      try {
        for (let visit = 0; visit < visits; visit++) {
          for (const [path, there] of shown) {
            await page.goto("about:blank");
            const began = performance.now();
            await page.goto(`${ready.console}${path}`, { waitUntil: "commit" });
            await there(page)
              .waitFor()
              .catch(async (cause: unknown) => {
                throw new Error(`${path} shows: ${await page.locator("body").textContent()}`, { cause });
              });
            took.get(path)?.push(performance.now() - began);
          }
        }
      } finally {
        // Also when one of them does not come.
        tell(took);
      }
      for (const [path, all] of took) expect(Math.max(...all), path).toBeLessThan(mostMs);
    },
    900_000,
  );
}
