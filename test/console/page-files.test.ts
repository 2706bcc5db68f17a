import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { expect, onTestFinished, test } from "vitest";
import { pageRoutes } from "../../console/server/page-files.ts";

test("every view is an address, also one with a dot in a name; what is data or a file is not the page", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hailstream-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "the page");
  writeFileSync(join(folder, "assets", "index-1.js"), "the script");
  const server = createServer(express().use(await pageRoutes(folder))).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return answer.status === 200 ? await answer.text() : answer.status;
  };
  for (const path of ["/", "/topics", "/topics/trips?partition=2", "/schemas/driver.location", "/topics/a.b.c"]) {
    expect(await ask(path), path).toBe("the page");
  }
  expect(await ask("/assets/index-1.js")).toBe("the script");
  for (const path of ["/api", "/api/kafka/topics", "/api/schemas/driver.location", "/assets/none.js", "/favicon.ico"]) {
    expect(await ask(path), path).toBe(404);
  }
});
