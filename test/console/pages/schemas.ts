import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import { type OnStage, root } from "../stage.ts";

/** The pages of schemas. */
export function schemaPages(onStage: OnStage): void {
  onStage(
    "schemas are listed with their events a minute; a type says what changed, who writes and who reads it",
    async (stage) => {
      const { ready, page, complaints } = stage;
      await page.goto(`${ready.console}/schemas`);
      await page.getByText(/^\d+ schemas$/).waitFor();
      // The second look at ingest has something to compare with.
      const rate = page.getByRole("row").filter({ hasText: "driver.location" }).getByRole("cell").first();
      await eventually(async () => expect(await rate.textContent()).toMatch(/^\d/));
      expect(await complaints()).toEqual([]);
      await page.getByRole("link", { name: "driver.location", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "driver.location" }).waitFor();
      await page.getByText("apps, by ingest").waitFor();
      await page.getByRole("link", { name: "enrich-driver-locations" }).first().waitFor();
      await page.getByRole("region", { name: "Fields" }).getByText("driver_id", { exact: true }).waitFor();
      const file = JSON.parse(readFileSync(join(root, "schemas/events/driver.location.avsc"), "utf8")) as {
        fields: object[];
      };
      const pasted = {
        ...file,
        fields: [...file.fields, { name: "altitude", type: "double", doc: "Height in metres." }],
      };
      await page.getByLabel(/A schema file/).fill(JSON.stringify(pasted));
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText(/It breaks version .*: altitude/).waitFor();
      expect(await complaints()).toEqual([]);
      await page.getByLabel(/A schema file/).fill(JSON.stringify(file));
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText(/It reads all \d+ versions/).waitFor();
      await page.goto(`${ready.console}/schemas/none`);
      expect(await page.getByRole("alert").textContent()).toContain("There is no event type of this name");
    },
  );
}
