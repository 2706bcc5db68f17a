import { gridDisk, latLngToCell } from "h3-js";
import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import type { OnStage } from "../stage.ts";
import { withDatabase } from "./alerts.ts";

const minuteMs = 60_000;
const cells = gridDisk(latLngToCell(40.75, -73.99, 8), 3);

/** The map, on rows as the sink writes them: two minutes of Manhattan, of which the later one has more demand. */
export function mapTests(onStage: OnStage): void {
  onStage(
    "the map shows areas by surge with coasts around, moves by minutes, and says the same as a table",
    async (stage) => {
      const { page, ready, complaints } = stage;
      const newest = Math.floor(Date.now() / minuteMs) * minuteMs - 5 * minuteMs;
      const minutes = [newest - minuteMs, newest];
      await withDatabase(stage, async (db) => {
        for (const [m, at] of minutes.entries()) {
          for (const [i, cell] of [null, ...cells].entries()) {
            const counts = [30 - (i % 30), i % 7, i % 3, cell === null ? 1.4 : 1 + ((i * (m + 1)) % 21) / 10];
            await db.execute(
              `insert into events.marketplace_minute (event_id, occurred_at, received_at, subject, schema_id, city_id, h3_cell, resolution, revision, final,
               open_drivers, requests, completed, cancelled, unmet_demand, pickups, surge_multiplier)
             values ($1, $2, now(), $3, 1, 'cty_nyc', $4, $5, 1, true, $6, $7, 0, 0, $8, 0, $9)`,
              [`map-${m}-${i}`, new Date(at), cell ?? "cty_nyc", cell, cell === null ? null : 8, ...counts],
            );
          }
        }
      });
      await page.goto(`${ready.console}/map`);
      await page.getByRole("heading", { name: "Drivers and demand in cty_nyc" }).waitFor();
      const rows = page.getByRole("region", { name: "Areas" }).getByRole("row");
      await rows.nth(cells.length).waitFor();
      const map = page.getByRole("img", { name: `Map of ${cells.length} areas by surge` });
      /** How many colours are on the canvas: cells of several strengths, their borders, coasts. */
      const colours = () =>
        map.evaluate((element) => {
          const canvas = element as unknown as {
            width: number;
            height: number;
            getContext(kind: "2d"): {
              getImageData(x: number, y: number, w: number, h: number): { data: ArrayLike<number> };
            };
          };
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Set<number>();
          for (let i = 0; i < data.length; i += 4) {
            if ((data[i + 3] ?? 0) > 0)
              seen.add(((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0));
          }
          return seen.size;
        });
      // It is drawn behind the picture of the page, and again with its coasts.
      await eventually(async () => expect(await colours()).toBeGreaterThan(10));
      expect(await complaints()).toEqual([]);

      const first = await rows.nth(1).textContent();
      await page.getByRole("slider", { name: "Minute" }).press("ArrowLeft");
      await page.waitForURL(/at=/);
      await page.getByRole("link", { name: "To the newest" }).waitFor();
      expect(decodeURIComponent(page.url())).toContain(new Date(minutes[0] ?? 0).toISOString());
      await page.getByLabel("Colour").selectOption("drivers");
      await page.waitForURL(/show=drivers/);
      const byDrivers = page.getByRole("img", { name: /by free drivers/ });
      const box = await byDrivers.boundingBox();
      await byDrivers.click({
        position: { x: (box?.width ?? 0) / 2, y: (box?.height ?? 0) / 2 },
      });
      await page.getByText("← on the map").waitFor();
      expect(new URL(page.url()).searchParams.get("cell")).toBe(cells[0]);
      await page.getByRole("link", { name: "To the newest" }).click();
      await eventually(async () => expect(await rows.nth(1).textContent()).toBe(first));
    },
  );
}
