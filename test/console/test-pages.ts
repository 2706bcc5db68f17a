import { afterAll, beforeAll, expect, test } from "vitest";
import { noBrowser, type OnStage, openStage, type Stage } from "./stage.ts";

/**
 * Tests pages on a stage of their own, with somebody of the role operate signed in; and that all of it came from the console itself and none of it was
 * stopped by the policy.
 */
export function testPages(...pages: readonly ((onStage: OnStage) => void)[]): void {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = await openStage();
    if (stage === undefined) return;
    const { page, ready } = stage;
    await page.goto(`${ready.console}/#key=${ready.consoleKey}`);
    await page.getByText("Everything is all right").waitFor();
  });
  afterAll(() => stage?.end());

  const onStage: OnStage = (name, run, timeout = 600_000) => {
    test(name, { timeout }, async ({ skip }) => {
      if (stage === undefined) return skip(noBrowser);
      await run(stage);
    });
  };
  for (const page of pages) page(onStage);
  onStage("all of it came from the console itself, and none of it was stopped by the policy", async (stage) => {
    expect(stage.foreign).toEqual([]);
    expect(stage.stopped).toEqual([]);
  });
}
