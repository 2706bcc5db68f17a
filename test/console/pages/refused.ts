import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import type { OnStage } from "../stage.ts";
import { eventOf, liveKey, makeDeadLetters, post, viewKey } from "./refused-world.ts";

const hostile = '<img src=x onerror="document.title=1">';

/** The page about refused events. */
export function refusedPage(onStage: OnStage): void {
  onStage("what was refused stands in groups by reason, app version and schema, with an example", async (stage) => {
    const { page, ready } = stage;
    const live = await liveKey(stage);
    const wrong = (n: number, source?: string) =>
      eventOf(`wrong-${n}`, "trip.rated", { rating: 9, comment: hostile }, source);
    const events = [wrong(1), wrong(2), wrong(3, "/apps/rider/android/5.0.0")];
    const misnamed = eventOf("misnamed-1", "trip.rated", { [hostile]: "06 1234" });
    expect(await post(stage, [...events, misnamed], live)).toEqual(Array(4).fill("quarantined"));
    expect(await post(stage, [wrong(4)], live, { prefer: "handling=strict" })).toEqual(["rejected"]);
    await makeDeadLetters(stage, "dead", 40);

    await page.goto(`${ready.console}/refused`);
    const group = (words: string, app: string) =>
      page.getByRole("listitem").filter({ hasText: words }).filter({ hasText: app });
    const ios = group("event_number_out_of_range", "rider ios 6.1.2")
      .filter({ hasText: "Quarantined" })
      .filter({ hasText: "2 events" });
    await ios.waitFor();
    const text = (await ios.textContent()) ?? "";
    for (const words of ["2 events", "trip.rated, schema", "First seen", "Last seen", "/data/rating", "1 to 5", "9"]) {
      expect(text).toContain(words);
    }
    await group("event_number_out_of_range", "rider android 5.0.0").filter({ hasText: "1 event" }).waitFor();
    const dead = group("store_rejected", "rider ios 6.1.2");
    for (const words of ["Dead letter", "40 events", "trip-events-enriched", "not_dead"]) {
      expect(await dead.textContent()).toContain(words);
    }
    expect(await group("event_number_out_of_range", "Rejected").first().textContent()).toContain("Counted since");
    expect(await page.getByRole("status").textContent()).toContain("40 as dead letters");
    expect(await stage.complaints()).toEqual([]);

    // Every choice is in the address, and the address alone brings it back.
    await page.getByLabel("What").selectOption("dead");
    await eventually(() => expect(page.url()).toBe(`${ready.console}/refused?kind=dead`));
    await ios.waitFor({ state: "detached" });
    await page.reload();
    await dead.waitFor();
    expect(await page.getByLabel("What").inputValue()).toBe("dead");
    await page.goBack();
    await ios.waitFor();
  });

  onStage("a group opens to its list, an event of it to its data, its bytes and what is wrong", async (stage) => {
    const { page, ready } = stage;
    await page.goto(`${ready.console}/refused?kind=dead`);
    await page.getByRole("heading", { level: 2 }).getByRole("link").first().click();
    await page.getByRole("table").waitFor();
    expect(page.url()).toContain("/refused/group?kind=dead&code=store_rejected");
    expect(await page.getByRole("row").count()).toBe(41);
    expect(await stage.complaints()).toEqual([]);
    await page.getByRole("rowheader").getByRole("link").first().click();
    await page.getByRole("heading", { name: "Data", exact: true }).waitFor();
    const shown = (await page.getByRole("main").textContent()) ?? "";
    for (const words of [
      "personal words of",
      '"rating"',
      "violates check constraint",
      "23514",
      "ce_source",
      "None yet",
    ]) {
      expect(shown).toContain(words);
    }
    expect(await page.getByLabel("Bytes in hexadecimal digits").textContent()).toMatch(/^0000 {2}00 00 00 /);
    expect(await stage.complaints()).toEqual([]);
    // The address is enough.
    await page.reload();
    await page.getByText("violates check constraint").first().waitFor();

    await page.goto(`${ready.console}/refused?kind=quarantined`);
    await page
      .getByRole("listitem")
      .filter({ hasText: "event_field_unknown" })
      .getByRole("link", { name: "The newest" })
      .click();
    await page.getByRole("heading", { name: "Bytes as they came" }).waitFor();
    expect(await page.getByLabel("Bytes as text").textContent()).toContain('"source":"/apps/rider/ios/6.1.2"');
    expect(await page.title()).not.toBe("1");
    expect(await page.locator("main img").count()).toBe(0);
    expect(await stage.complaints()).toEqual([]);
  });

  onStage("the role view sees no personal field, and neither does a file", async (stage) => {
    const { browser, ready, page } = stage;
    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(`${ready.console}/refused?kind=dead#key=${viewKey(stage)}`);
    await other.getByRole("link", { name: "The newest" }).first().click();
    await other.getByRole("heading", { name: "Data", exact: true }).waitFor();
    const shown = (await other.getByRole("main").textContent()) ?? "";
    expect(shown).toContain("Personal fields are masked");
    expect(shown).toContain('"rating"');
    for (const words of ["personal words", "trp_", "violates check", "Bytes as they came"])
      expect(shown).not.toContain(words);
    await context.close();

    await page.goto(`${ready.console}/refused?kind=dead`);
    for (const [name, lines] of [
      ["CSV", 41],
      ["JSON lines", 40],
    ] as const) {
      const coming = page.waitForEvent("download");
      await page.getByRole("link", { name }).click();
      const file = readFileSync(await (await coming).path(), "utf8");
      expect(file.trim().split(/\r?\n/)).toHaveLength(lines);
      expect(file).toContain("store_rejected");
      expect(file).not.toContain("personal words");
    }
  });
}
