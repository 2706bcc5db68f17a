import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guardOrigin } from "../../console/server/hosts.ts";
import { answerErrors } from "../../console/server/routes.ts";
import { createSignIn, needsOperate, roleOf } from "../../console/server/sign-in.ts";
import { silentLogger } from "../../runtime/index.ts";

const keys = { key: "operate-operate-operate-operate", viewKey: "view-view-view-view-view-view" };
let server: Server;
let port = 0;

beforeAll(async () => {
  const app = express();
  const signIn = createSignIn(keys, () => port);
  app.use(guardOrigin(["console.example.com"]), express.json());
  app.post(
    "/session",
    async (req, res) => void res.json({ role: await signIn.signIn(req, res, String(req.body.key)) }),
  );
  app.get("/whoami", signIn.require, (_req, res) => void res.json({ role: roleOf(res) }));
  app.get("/act", signIn.require, needsOperate, (_req, res) => void res.json({ role: roleOf(res) }));
  app.use(answerErrors(silentLogger) as ErrorRequestHandler);
  server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

type Answer = { readonly status: number; readonly body: { role?: string; code?: string }; readonly cookie: string };

/** fetch sets Host and Origin by itself. */
function call(path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Answer> {
  const all = { host: `127.0.0.1:${port}`, ...headers, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, method: body ? "POST" : "GET", headers: all },
      async (answer) => {
        let text = "";
        for await (const chunk of answer) text += chunk;
        const cookie = answer.headers["set-cookie"]?.[0] ?? "";
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Answer["body"], cookie });
      },
    );
    sent.on("error", reject).end(body ? JSON.stringify(body) : undefined);
  });
}

test("each key has its role; the cookie is out of reach for scripts and for other sites", async () => {
  for (const [key, role] of [
    [keys.key, "operate"],
    [keys.viewKey, "view"],
  ] as const) {
    const { status, body, cookie } = await call("/session", {}, { key });
    expect([status, body.role]).toEqual([200, role]);
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Strict");
    const [pair = ""] = cookie.split(";");
    expect(pair).toMatch(new RegExp(`^hailstream_console_${port}=`));
    expect((await call("/whoami", { cookie: `other=1; ${pair}` })).body.role).toBe(role);
    // One letter of what is signed is another, and so is the role that somebody writes in.
    expect((await call("/whoami", { cookie: `${pair.slice(0, -6)}AAAAAA` })).body.code).toBe("console_sign_in_needed");
  }
});

test("who signed in to look cannot act", async () => {
  const act = async (key: string) => {
    const { cookie } = await call("/session", {}, { key });
    return call("/act", { cookie: cookie.split(";")[0] ?? "" });
  };
  expect(await act(keys.key)).toMatchObject({ status: 200 });
  expect(await act(keys.viewKey)).toMatchObject({ status: 403, body: { code: "console_role_needed" } });
});

test("a wrong key and no cookie are told from one another, and nothing else is said", async () => {
  expect(await call("/session", {}, { key: `${keys.key}x` })).toMatchObject({
    status: 401,
    body: { code: "console_key_wrong" },
  });
  expect(await call("/whoami")).toMatchObject({ status: 401, body: { code: "console_sign_in_needed" } });
});

test("a cookie without a signature is none", async () => {
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = `${text({ alg: "none" })}.${text({ role: "operate", aud: "hailstream console", exp: 9e9 })}.`;
  expect((await call("/whoami", { cookie: `hailstream_console_${port}=${forged}` })).status).toBe(401);
});

test("behind a name that is not this machine's the cookie is for HTTPS only", async () => {
  const { cookie } = await call("/session", { host: "console.example.com" }, { key: keys.key });
  expect(cookie).toContain("Secure");
  expect((await call("/session", {}, { key: keys.key })).cookie).not.toContain("Secure");
});

test.each([
  ["a foreign name that was pointed here", { host: "evil.example" }],
  ["a foreign page", { origin: "https://evil.example" }],
  ["a page of another port of this machine", { origin: "http://127.0.0.1:1" }],
  ["a page without an origin", { origin: "null" }],
  ["a picture on a foreign page", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
  ["a name that only begins like ours", { host: "127.0.0.1.evil.example" }],
])("%s is refused, also with a good key", async (_name, headers) => {
  const answer = await call("/session", headers as Record<string, string>, { key: keys.key });
  expect(answer).toMatchObject({ status: 403, body: { code: "console_request_foreign" }, cookie: "" });
});

test("our own page and a link on another one are let in", async () => {
  const own = { origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" };
  expect((await call("/session", own, { key: keys.key })).status).toBe(200);
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  expect((await call("/whoami", link)).body.code).toBe("console_sign_in_needed");
  const named = { host: "Console.Example.com:443", origin: "https://console.example.com:443" };
  expect((await call("/session", named, { key: keys.key })).status).toBe(403);
  expect((await call("/session", { ...named, host: "console.example.com" }, { key: keys.key })).status).toBe(200);
});
