import { expect } from "vitest";
import { createEndpoint, deleteEndpoint } from "../../../sinks/webhook/index.ts";
import { startReceiver } from "../../sinks/webhook/support.ts";
import type { OnStage } from "../stage.ts";
import { callForHelp, withDatabase } from "./alerts.ts";

const rule = (when: string) => `name: calls-of-riders
description: A rider calls for help.
on: safety.sos
by:
  sos_id: data.sos_id
when: ${when}
holds_for: 1m
severity: warning
summary: "Rider {{ data.person_id }} calls."
`;

/** The editor of rules, and tests of endpoints. */
export function ruleTests(onStage: OnStage): void {
  onStage("a rule is tried on what has arrived, saved, at work, and removed", async (stage) => {
    const { page, ready, complaints } = stage;
    await callForHelp(stage);
    await page.goto(`${ready.console}/alerts/rules`);
    await page.getByRole("link", { name: "safety-sos" }).waitFor();
    expect(await complaints()).toEqual([]);
    await page.getByRole("link", { name: "New rule" }).click();
    const text = page.getByLabel("The rule, in YAML");
    await text.fill(rule("data.reported_bye == 'rider'"));
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText(/rule:6: when: .*reported_bye/).waitFor();
    expect(await complaints()).toEqual([]);

    await text.fill(rule("data.reported_by == 'rider'"));
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByRole("heading", { name: /^It would have told \d+ incidents? of the last 1 h$/ }).waitFor();
    const told = page.getByRole("region", { name: "Messages" }).getByRole("row");
    expect(await told.filter({ hasText: "opened" }).first().textContent()).toContain("Rider rdr_1 calls.");
    expect(await complaints()).toEqual([]);

    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(`${ready.console}/alerts/rules/calls-of-riders*`);
    await page.getByText(/Saved by console operate@127\.0\.0\.1/).waitFor();
    const seen = page.getByRole("listitem").filter({ hasText: "calls-of-riders" });
    // A process hears by it within a second or two; who calls sooner is heard by the other rules only.
    const end = Date.now() + 120_000;
    do {
      await callForHelp(stage);
      await page.goto(`${ready.console}/alerts?rule=calls-of-riders`);
    } while (
      !(await seen
        .first()
        .waitFor({ timeout: 5_000 })
        .then(
          () => true,
          () => false,
        )) &&
      Date.now() < end
    );
    expect(await seen.first().textContent()).toContain("Rider rdr_1 calls.");

    await page.goto(`${ready.console}/alerts/rules/calls-of-riders`);
    await page.getByRole("button", { name: "Remove …" }).click();
    await page.getByRole("button", { name: /^Remove calls-of-riders/ }).click();
    await page.waitForURL(`${ready.console}/alerts/rules`);
    await page.getByRole("link", { name: "safety-sos" }).click();
    await page.getByText("It is in a file of the stream").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").filter({ hasText: "file" }).waitFor();
  });

  onStage("a test of an endpoint shows what its receiver really answers", async (stage) => {
    const { page, ready, complaints } = stage;
    let status = 418;
    const receiver = await startReceiver((response) => response.writeHead(status).end("<i>short</i> and stout"));
    await withDatabase(stage, async (db) => {
      const { id } = await createEndpoint(db, { url: receiver.url, name: "teapot" });
      try {
        await page.goto(`${ready.console}/alerts/endpoints`);
        const button = page.getByRole("button", { name: "Send a test to teapot" });
        await button.click();
        await page.getByText("declined, 418").waitFor();
        await page.getByText("<i>short</i> and stout").waitFor();
        expect(await complaints()).toEqual([]);
        status = 204;
        await button.click();
        await page.getByText("delivered, 204").waitFor();
        const tests = receiver.received.filter(({ body }) => body.includes("This is a test of the webhook"));
        expect(tests.map((one) => one.headers["webhook-signature"])).toEqual([
          expect.stringMatching(/^v1,/),
          expect.stringMatching(/^v1,/),
        ]);
      } finally {
        await deleteEndpoint(db, id);
        await receiver.stop();
      }
    });
  });
}
