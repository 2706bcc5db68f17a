import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { v7 as uuidv7 } from "uuid";
import { expect } from "vitest";
import { eventually } from "../../support/wait.ts";
import { type OnStage, root, type Stage } from "../stage.ts";
import { evenly, locationEvent, post, produce, saved, savedIds } from "./live-load.ts";
import { liveKey } from "./refused-world.ts";

/** `npm run proof -- live`: ten minutes. */
const seconds = Number(process.env.LIVE_SECONDS ?? 12);
/** How soon a page is something that only a machine says which does nothing else. */
const isProof = process.env.LIVE_SECONDS !== undefined;

const counts = (page: Page) => page.locator(".counts").textContent();
const row = (page: Page, text: string) => page.locator(".tall .row").filter({ hasText: text });

/** Opens the live page and waits until everything that arrives is read. */
async function openLive({ page, ready }: Stage, query = ""): Promise<void> {
  // Else an address that differs behind # only would not be loaded.
  await page.goto("about:blank");
  await page.goto(`${ready.console}/live${query}#key=${ready.consoleKey}`);
  await page.getByRole("heading", { name: /^Nothing (has arrived|fits) yet$/ }).waitFor();
}

export function testLive(onStage: OnStage): void {
  onStage("an event that was posted is in the list soon", async (stage) => {
    const { page, complaints } = stage;
    await openLive(stage);
    expect(await complaints()).toEqual([]);
    const took: number[] = [];
    for (let n = 0; n < 5; n++) {
      const driver = `drv_first${n}`;
      const begun = performance.now();
      const results = await post(stage, [locationEvent(driver)]);
      expect(results).toMatchObject([{ status: "accepted" }]);
      await row(page, driver).first().waitFor();
      took.push(performance.now() - begun);
    }
    process.stdout.write(`from the post to the list: ${took.map(Math.round).join(", ")} ms\n`);
    if (isProof) expect(took.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
  });

  onStage(
    "it opens to its data, schema, headers, bytes, and its way to the row, the alert and the delivery",
    async (stage) => {
      const { page, dataDir, complaints } = stage;
      const receiver = createServer((_request, response) => response.writeHead(204).end()).listen(0, "127.0.0.1");
      await once(receiver, "listening");
      try {
        const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
        const create = ["endpoints", "create", "--url", url, "--data-dir", dataDir, "--json"];
        expect(spawnSync(process.execPath, [join(root, "main.ts"), ...create]).status).toBe(0);
        await openLive(stage, "?type=safety.*");
        const id = uuidv7();
        const data = {
          sos_id: `sos_${id}`,
          person_id: "rdr_live",
          reported_by: "rider",
          latitude: 40.7,
          longitude: -74,
        };
        const event = { specversion: "1.0", id, type: "safety.sos", source: "/apps/rider/test" };
        await post(stage, [{ ...event, time: new Date().toISOString(), data: { ...data, trip_id: null, note: null } }]);
        // By the keyboard alone.
        const link = row(page, "rdr_live").getByRole("link");
        await link.focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1, name: "safety.sos" }).waitFor();
        expect(new URL(page.url()).pathname).toMatch(/^\/live\/safety\/\d+\/\d+$/);
        const part = (name: string) =>
          page.locator(".part").filter({ has: page.getByRole("heading", { name, exact: true }) });
        await part("Event").getByText("hailstream.events.SafetySos, version 1 (id").waitFor();
        expect(await part("Event").textContent()).toContain(id);
        expect(JSON.parse((await page.getByLabel("Data", { exact: true }).textContent()) ?? "")).toMatchObject(data);
        expect(await part("Headers").textContent()).toContain("/apps/rider/test");
        const bytes = await page.getByLabel("Original bytes").textContent();
        expect(bytes).toMatch(/^0000 {2}00 /);
        expect(bytes?.replaceAll(/\n.{55}|^.{55}/g, "")).toContain("rdr_live");
        // Row and alert come some time later, either of them first. An answer may take long, and who asks again before does not get it.
        await eventually(
          async () => {
            const asking = page.waitForRequest(/\/api\/live\/trace\//);
            await page.getByRole("button", { name: "Look again" }).click();
            await (await (await asking).response())?.finished();
            await eventually(
              async () => {
                const steps = (await page.locator(".steps strong").allTextContents()).join(" ");
                expect(steps).toBe("ingest kafka postgres alert webhook");
                expect(await page.locator(".steps").textContent()).toContain("delivered to");
              },
              { timeoutMs: 2_000 },
            );
          },
          { timeoutMs: 180_000 },
        );
        await page.locator(".outcome").getByText("is stored").waitFor();
        expect(await complaints()).toEqual([]);
        // The address is the event's own, and the list is not lost by looking.
        const address = page.url();
        await page.getByRole("link", { name: "Live events" }).click();
        await row(page, "rdr_live").waitFor();
        expect(new URL(page.url()).search).toBe("?type=safety.*");
        await page.goto(address);
        await page.getByText(id).first().waitFor();
        await page.getByRole("link", { name: "Live events" }).click();
        await page.getByLabel("Find an event by its id").fill(id);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1, name: id }).waitFor();
        await page.locator(".outcome").getByText("It is stored.").waitFor();
        await page.goto(address.replace(/\d+$/, "999999"));
        await page.getByRole("alert").getByText("no such event").waitFor();
      } finally {
        receiver.close();
      }
    },
  );

  onStage("the address says what is shown: types, key, status, text; what does not fit is counted", async (stage) => {
    const { page } = stage;
    await openLive(stage, "?key=drv_one");
    await post(stage, [locationEvent("drv_one"), locationEvent("drv_two"), locationEvent("drv_two")]);
    await eventually(async () => expect(await counts(page)).toBe("Shown: all 1 that fit, of 3 that came by"));
    expect(await page.locator(".tall .row").count()).toBe(1);

    await page.getByLabel("Key").fill("");
    await page.getByLabel("Text").fill("8.25");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Nothing fits yet" }).waitFor();
    expect(new URL(page.url()).search).toBe("?text=8.25");
    await post(stage, [locationEvent("drv_a"), locationEvent("drv_b", { speed: 8.25 })]);
    await row(page, "drv_b").waitFor();
    // The other one lies in another partition and may come later.
    await eventually(async () => expect(await counts(page)).toBe("Shown: all 1 that fit, of 2 that came by"));

    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByLabel("Status").selectOption("quarantined");
    await page.getByRole("heading", { name: "Nothing fits yet" }).waitFor();
    const events = [locationEvent("drv_c"), locationEvent("drv_d", { speed: "fast" })];
    const results = await post(stage, events, await liveKey(stage));
    expect(results).toMatchObject([{ status: "accepted" }, { status: "quarantined" }]);
    await row(page, "drv_d").waitFor();
    expect(await row(page, "drv_d").textContent()).toContain(results[1]?.code);
    await row(page, "drv_d").getByRole("link").click();
    await page.getByText("! quarantined").waitFor();
    expect(JSON.parse((await page.getByLabel("Data", { exact: true }).textContent()) ?? "")).toMatchObject({
      data: { speed: "fast" },
    });
  });

  onStage(
    "what is typed or chosen in the first moment of an address counts, and nothing of the one before",
    async (stage) => {
      const { page } = stage;
      await openLive(stage, "?text=8.25");
      // In one task of the page, as a machine does it that stood still.
      const inOneTask = (work: string) =>
        page.evaluate(`(async () => {
        const enter = (selector, kind, value) => {
          const field = document.querySelector(".filters " + selector);
          field.value = value;
          field.dispatchEvent(new Event(kind, { bubbles: true }));
        };
        const rendered = async () => { for (let turn = 0; turn < 20; turn++) await undefined; };
        ${work}
      })()`);
      await inOneTask(`
      document.querySelector("a.clear").click();
      await rendered();
      enter("select", "change", "quarantined");
      await rendered();
      enter("[placeholder=drv_123]", "input", "drv_typed");
    `);
      expect(new URL(page.url()).search).toBe("?status=quarantined");
      await page.getByRole("heading", { name: "Nothing fits yet" }).waitFor();
      expect(await page.getByLabel("Key").inputValue()).toBe("drv_typed");
      expect(await page.getByLabel("Text").inputValue()).toBe("");
    },
  );

  onStage("paused it stands still, loses nothing, and goes on", async (stage) => {
    const { page } = stage;
    await openLive(stage);
    await post(stage, [locationEvent("drv_before")]);
    await row(page, "drv_before").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await post(stage, [locationEvent("drv_later"), locationEvent("drv_later")]);
    await page.getByRole("button", { name: "Go on (2 new)" }).click();
    await row(page, "drv_later").first().waitFor();
    expect(await page.locator(".tall .row").count()).toBe(3);
  });

  onStage("the role view sees no personal value, and nobody saves one", async (stage) => {
    const { browser, ready, dataDir } = stage;
    const secrets = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8")) as { console: { view: string } };
    const context = await browser.newContext();
    const page = await context.newPage();
    const heard: string[] = [];
    page.on("response", async (response) => {
      if (response.url().includes("/api/live/")) heard.push(await response.text().catch(() => ""));
    });
    try {
      await page.goto(`${ready.console}/live#key=${secrets.console.view}`);
      await page.getByRole("heading", { name: "Nothing has arrived yet" }).waitFor();
      await openLive(stage);
      await post(stage, [locationEvent("drv_secret")]);
      await row(page, "driver.location").waitFor();
      await row(stage.page, "drv_secret").waitFor();
      expect(await row(page, "driver.location").textContent()).toContain("(personal, masked)");
      for (const text of [await saved({ ...stage, page }), await saved(stage), await saved(stage, "CSV")]) {
        expect(text).toContain("driver.location");
        expect(text).not.toMatch(/drv_secret|40\.7484/);
      }
      await row(page, "driver.location").getByRole("link").click();
      await page.getByText("Personal fields are masked").waitFor();
      await page.locator(".outcome").waitFor();
      // The event and its trace; the list goes on for as long as the page.
      await eventually(() => expect(heard.length).toBeGreaterThan(1));
      for (const text of [await page.content(), ...heard]) expect(text).not.toMatch(/drv_secret|40\.7484/);
      expect(await page.getByLabel("Original bytes").count()).toBe(0);
    } finally {
      await context.close();
    }
  });

  onStage("stored script in any field of an event is text", async (stage) => {
    const { page, stopped, foreign } = stage;
    const stoppedBefore = stopped.length;
    const payloads = [
      "<script>window.ran=1</script>",
      "<img src=x onerror='window.ran=1'>",
      '"><svg onload="window.ran=1">',
      "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
      "javascript:window.ran=1",
      "</pre><style>*{display:none}</style>",
      "{{constructor.constructor('window.ran=1')()}}",
      "<a href='https://example.com/x' autofocus onfocus=window.ran=1>x</a>",
      "\u202e<\u0000script>\ud83d\ude00",
    ];
    await openLive(stage);
    const appError = { session_id: "s", app: "driver", app_version: "1", platform: "ios", os_version: "1" };
    const events = payloads.flatMap((text, n) => {
      const every = { device_model: text, error_type: text, message: text, stack: [text], fatal: false, user_id: text };
      const accepted = { ...locationEvent("x"), type: "app.error", source: text, subject: text };
      return [
        { ...accepted, data: { ...appError, ...every, session_id: text } },
        { ...locationEvent(text), id: `${text}${n}`, type: text, subject: text, source: text },
      ];
    });
    const results = await post(stage, events, await liveKey(stage));
    const kept = results.filter(({ status }) => status === "accepted" || status === "quarantined").length;
    expect(results.filter(({ status }) => status === "accepted").length).toBeGreaterThanOrEqual(payloads.length - 2);
    expect(kept).toBeGreaterThan(payloads.length);
    await eventually(async () => expect(await counts(page)).toBe(`Shown: all ${kept}`));
    const links = await page
      .locator(".tall .row a")
      .evaluateAll((found) => found.map((a) => a.getAttribute("href") ?? ""));
    expect(links).toHaveLength(kept);
    for (const [n, link] of links.entries()) {
      await page.goto(stage.ready.console + link);
      await page.getByRole("heading", { name: "Headers" }).waitFor();
      // What a trace quotes is asked of some, since it reads many topics.
      if (n % 5 === 0) await page.locator(".outcome").waitFor();
      const strange = await page.evaluate(
        "document.querySelectorAll('main script, main img, main svg, main iframe, main style, main [onload], main [onerror]').length",
      );
      expect(strange).toBe(0);
      expect(await page.evaluate("window.ran")).toBeUndefined();
    }
    expect(foreign).toEqual([]);
    expect(stopped.slice(stoppedBefore)).toEqual([]);
  });

  onStage(
    `200 events a second for ${seconds} s: each of them is in the list`,
    async (stage) => {
      const { page } = stage;
      await openLive(stage);
      const sent = new Set<string>();
      const listed = new Set<string>();
      let sending = true;
      const watching = (async () => {
        // No more than the list keeps may come between two looks.
        while (sending) {
          for (const id of await savedIds(stage)) listed.add(id);
          await page.waitForTimeout(2_000);
        }
      })();
      await evenly({ count: 200 * seconds, perSecond: 200, size: 20 }, async (from, to) => {
        // Where something stands still, what waits stays less than the share lets through at once, and than the list keeps.
        await eventually(() => sent.size - listed.size < 800);
        const events = Array.from({ length: to - from }, (_, n) => locationEvent(`drv_even${(from + n) % 100}`));
        for (const { id } of events) sent.add(id);
        const results = await post(stage, events);
        expect(results.every(({ status }) => status === "accepted")).toBe(true);
      });
      const total = (200 * seconds).toLocaleString("en");
      await eventually(async () => expect(await counts(page)).toBe(`Shown: all ${total}`), { timeoutMs: 120_000 });
      sending = false;
      await watching;
      for (const id of await savedIds(stage)) listed.add(id);
      const missing = [...sent].filter((id) => !listed.has(id));
      expect(missing).toEqual([]);
      expect(listed.size).toBe(sent.size);
      // What is kept is what can be scrolled to.
      await page.getByRole("button", { name: "Pause" }).click();
      const seen = new Set<string>();
      const height = await page.locator(".rows").evaluate((element) => element.scrollHeight);
      for (let top = 0; top < height; top += 500) {
        await page.evaluate(`new Promise((done) => {
        document.querySelector(".rows").scrollTop = ${top};
        requestAnimationFrame(() => requestAnimationFrame(done));
      })`);
        const found = page.locator(".tall .row a");
        for (const link of await found.evaluateAll((all) => all.map((a) => a.getAttribute("href") ?? "")))
          seen.add(link);
      }
      expect(seen.size).toBe(Math.min(2_000, sent.size));
      process.stdout.write(`${sent.size} events at 200 a second: ${listed.size} listed, ${missing.length} missing\n`);
    },
    300_000 + seconds * 1_000,
  );

  onStage("5,000 a second: the share is exact, and the page moves on", async (stage) => {
    const { page } = stage;
    await openLive(stage);
    await page.evaluate(`
      window.frames5000 = 0;
      (function next() { window.frames5000++; requestAnimationFrame(next); })();
    `);
    const listed = new Set<string>();
    let sending = true;
    let lookedAt = performance.now();
    const watching = (async () => {
      while (sending) {
        lookedAt = performance.now();
        for (const id of await savedIds(stage)) listed.add(id);
        await page.waitForTimeout(500);
      }
    })();
    const framesBefore = Number(await page.evaluate("window.frames5000"));
    const begun = performance.now();
    // No more than the list keeps may come between two looks.
    await produce(stage, 30_000, 5_000, () => eventually(() => performance.now() - lookedAt < 3_000));
    const took = (performance.now() - begun) / 1_000;
    const frames = (Number(await page.evaluate("window.frames5000")) - framesBefore) / took;
    await eventually(async () => expect(await counts(page)).toMatch(/ of 30,000; beyond 200 a second/), {
      timeoutMs: 180_000,
    });
    sending = false;
    await watching;
    for (const id of await savedIds(stage)) listed.add(id);
    const shown = Number(/Shown: ([\d,]+) of/.exec((await counts(page)) ?? "")?.[1]?.replaceAll(",", ""));
    process.stdout.write(
      `30,000 in ${took.toFixed(1)} s: shown ${shown}, not shown ${30_000 - shown}, ${frames.toFixed(0)} frames a second\n`,
    );
    // Each that is said to be shown was in the list.
    expect(listed.size).toBe(shown);
    expect(shown).toBeGreaterThanOrEqual(1_000);
    if (isProof) expect(frames).toBeGreaterThan(30);
  });
}
