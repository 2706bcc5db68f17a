import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { capture } from "../../../bench/processes.ts";
import { createSecret, signatureHeaders } from "../../../sinks/webhook/sign.ts";
import { blocksOf, root, textOf } from "../../docs/markdown.ts";
import { pythonWith } from "../../support/python.ts";

const example = join(root, "examples", "webhook-receiver");
const python = await pythonWith(readFileSync(join(example, "requirements.txt"), "utf8").trim().split("\n"));
const secret = createSecret();
const alert = { time: "2026-11-22T21:11:41Z", data: { severity: "critical", status: "firing", summary: "Höhe" } };
const body = JSON.stringify(alert);
const sign = (secrets: string[], at = new Date()) => signatureHeaders({ id: "msg_1", body }, secrets, at);

test.skipIf(python === undefined)("the receiver in Python takes and refuses by its official library", async () => {
  const receiver: ChildProcess = spawn(python ?? "", [join(example, "receiver.py"), "0"], {
    env: { ...process.env, WEBHOOK_SECRET: secret },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(receiver, "exit");
  const lines: string[] = [];
  try {
    const first = new Promise<string>((resolve) => {
      createInterface({ input: receiver.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        lines.push(line);
        resolve(lines[0] ?? "");
      });
    });
    const begun = await Promise.race([first, ended.then(([code]) => `Python ended with ${code}`)]);
    expect(begun).toContain("http://");
    const url = begun.slice(begun.indexOf("http"));
    const send = async (headers: Record<string, string>, sent = body) =>
      (await fetch(url, { method: "POST", headers, body: sent })).status;
    expect(await send(sign([secret]))).toBe(204);
    expect(await send(sign([createSecret(), secret]))).toBe(204);
    expect(await send({})).toBe(401);
    expect(await send(sign([secret]), `${body} `)).toBe(401);
    expect(await send(sign([createSecret()]))).toBe(401);
    expect(await send(sign([secret], new Date(Date.now() - 360_000)))).toBe(401);
    expect(await send(sign([secret]), "x".repeat(70_000))).toBe(413);
    expect(lines.slice(1)).toEqual(["2026-11-22T21:11:41Z  critical  firing  Höhe"]);
  } finally {
    receiver.kill();
    await ended;
  }
});

test.skipIf(python === undefined)("the lines in Python that docs/webhooks.md shows verify a delivery", async () => {
  const shown = blocksOf(textOf("docs/webhooks.md")).filter(({ language }) => language === "python");
  expect(shown).toHaveLength(1);
  const given = [
    ...["import json, os, sys", `os.environ["WEBHOOK_SECRET"] = "${secret}"`],
    "body, headers = sys.argv[1], json.loads(sys.argv[2])",
  ];
  const program = [...given, shown[0]?.code, 'print(alert["data"]["status"])'].join("\n");
  const verify = (sent: string) => capture(python ?? "", ["-c", program, sent, JSON.stringify(sign([secret]))]);
  expect(await verify(body)).toBe("firing\n");
  await expect(verify(`${body} `)).rejects.toThrow("ended with 1");
});
